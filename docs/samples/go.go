// Turns a portrait into its depth map: go run go.go portrait.jpg depth.jpg
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"mime/multipart"
	"net/http"
	"os"
	"time"
)

func main() {
	log.SetFlags(0)
	picture, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	depth, creditsLeft, err := depthMap(picture)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Args[2], depth, 0o644); err != nil {
		log.Fatal(err)
	}
	fmt.Println(creditsLeft, "credits left")
}

func depthMap(picture []byte) (depth []byte, creditsLeft string, err error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	file, err := form.CreateFormFile("image_file", "portrait.jpg")
	if err != nil {
		return nil, "", err
	}
	file.Write(picture) // into memory: it cannot fail
	form.Close()

	request, err := http.NewRequest(http.MethodPost, host()+"/portrait-depth-estimation/v1", &body)
	if err != nil {
		return nil, "", err
	}
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("x-api-key", os.Getenv("PORTRAIT_DEPTH_KEY"))
	// After a lost connection, 429 or 5xx repeat with the same key: it is charged once.
	request.Header.Set("Idempotency-Key", randomText())

	client := http.Client{Timeout: 30 * time.Second}
	answer, err := client.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, "", problem(answer)
	}
	depth, err = io.ReadAll(answer.Body)
	return depth, answer.Header.Get("x-remaining-credits"), err
}

func problem(answer *http.Response) error {
	var told struct{ Error string }
	if err := json.NewDecoder(answer.Body).Decode(&told); err != nil {
		return fmt.Errorf("%s: %w", answer.Status, err)
	}
	return fmt.Errorf("%d %s", answer.StatusCode, told.Error)
}

func host() string {
	if url := os.Getenv("PORTRAIT_DEPTH_URL"); url != "" {
		return url
	}
	return "http://127.0.0.1:8000"
}

func randomText() string {
	random := make([]byte, 16)
	rand.Read(random)
	return fmt.Sprintf("%x", random)
}
