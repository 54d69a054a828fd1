export default async function page() {
  return { title: "Portrait depth", description: "A photo in, the depth of its people out", body: `<div class="column stack"><h1>reference</h1></div>` };
}
