// Stands in for onnxruntime's loader and keeps the module it makes: through it keys and values can stay on the wasm heap between runs.
export default async function factory(options) {
  const own = globalThis.polylogueOrt;
  const { default: real } = await import(/* @vite-ignore */ own.loader);
  return (own.module = await real(options));
}
