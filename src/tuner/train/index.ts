// The training engine `onnx`, without a platform: `node`, `process` and `page` beside this file bring theirs.
export { createOnnxEngine, type OnnxEngineOptions } from './onnx-engine';
export type { BasePlace } from './base';
