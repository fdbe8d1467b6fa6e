import { describe, expect, it } from 'vitest';
import { modelOf } from './cached';

describe('cached model files', () => {
  it('belong to the model their address names', () => {
    expect(modelOf('https://hub.example/owner/name/resolve/main/onnx/model_q4.onnx')).toEqual({ id: 'owner/name', host: 'hub.example' });
    expect(modelOf('http://localhost:8000/models/abacus/config.json')).toEqual({ id: 'models/abacus', host: 'localhost:8000' });
    expect(modelOf('https://hub.example/file.bin').id).toBe('hub.example');
  });
});
