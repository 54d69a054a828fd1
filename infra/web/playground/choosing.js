/* The ways a picture comes in: chosen, dropped, pasted, taken. */

import { part } from "../account/elements.js";
import { drawn, jpeg } from "./picture.js";

/** Call `onFile(file, name)` with whatever somebody offers. */
export function watchForPictures(onFile) {
  const field = part("file");
  field.addEventListener("change", () => {
    const [file] = field.files;
    if (file) onFile(file, file.name);
    field.value = ""; // so that the same file can be chosen again
  });
  watchDrops(onFile);
  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find(isPicture);
    if (!file) return; // text goes where it was pasted
    event.preventDefault();
    onFile(file, file.name || "pasted.png");
  });
  watchCamera(onFile);
}

const isPicture = (file) => file.type.startsWith("image/") || /\.hei[cf]$/i.test(file.name);

function watchDrops(onFile) {
  const sign = part("dropping");
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    sign.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) sign.hidden = true;
  });
  document.addEventListener("drop", (event) => {
    sign.hidden = true;
    if (!carriesFiles(event)) return;
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) onFile(file, file.name);
  });
}

const REFUSED = {
  NotAllowedError: "The camera was not allowed. Allow it in the browser's settings for this page.",
  NotFoundError: "There is no camera on this device.",
  NotReadableError: "Another program is using the camera.",
};

function watchCamera(onFile) {
  const dialog = part("camera");
  const video = part("camera-picture");
  const told = part("camera-told");
  const take = part("camera-take");
  let stream;

  const stop = () => {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = undefined;
    video.srcObject = null;
  };
  const start = async () => {
    told.textContent = "Waiting for the camera …";
    take.disabled = true;
    dialog.showModal();
    try {
      if (!navigator.mediaDevices) throw new DOMException("", "NotFoundError");
      const found = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { facingMode: "user", width: { ideal: 1920 }, height: { ideal: 1440 } },
      });
      stream = found;
      if (!dialog.open) return stop(); // closed while the browser asked
      video.srcObject = found;
      await video.play();
      told.textContent = "";
      take.disabled = false;
    } catch (error) {
      told.textContent = REFUSED[error.name] ?? "The camera could not be started.";
    }
  };

  part("camera-open").addEventListener("click", start);
  part("camera-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", stop);
  take.addEventListener("click", async () => {
    // The mirror is for the person before it; the picture is taken as others see it.
    const file = await jpeg(drawn(video, video.videoWidth, video.videoHeight));
    dialog.close();
    onFile(file, "camera.jpg");
  });
}
