<?php
// Turns a portrait into its depth map: php php.php portrait.jpg depth.jpg
[, $picture, $result] = $argv;
$url = getenv('PORTRAIT_DEPTH_URL') ?: 'http://127.0.0.1:8000';

$headers = [];
$call = curl_init("$url/portrait-depth-estimation/v1");
curl_setopt_array($call, [
    CURLOPT_HTTPHEADER => [
        'x-api-key: ' . getenv('PORTRAIT_DEPTH_KEY'),
        // After a lost connection, 429 or 5xx repeat with the same key: it is charged once.
        'Idempotency-Key: ' . bin2hex(random_bytes(16)),
    ],
    CURLOPT_POSTFIELDS => ['image_file' => new CURLFile($picture)],
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_TIMEOUT => 30,
    CURLOPT_HEADERFUNCTION => function ($call, string $line) use (&$headers): int {
        [$name, $value] = explode(':', $line, 2) + [1 => ''];
        $headers[strtolower($name)] = trim($value);
        return strlen($line);
    },
]);
$body = curl_exec($call);
$status = curl_getinfo($call, CURLINFO_RESPONSE_CODE);

if ($status !== 200) {
    fwrite(STDERR, $body === false ? curl_error($call) . "\n" : "$status " . json_decode($body)->error . "\n");
    exit(1);
}
file_put_contents($result, $body);
echo $headers['x-remaining-credits'], " credits left\n";
