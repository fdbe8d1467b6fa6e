// Makes torch.json anew: `npx tsx src/onnx/train/reference/print-cases.ts | python3 src/onnx/train/reference/torch_step.py`
import { cases } from './cases';

const plain = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? Number(value) : ArrayBuffer.isView(value) ? [...(value as unknown as Iterable<unknown>)] : value;

process.stdout.write(
  JSON.stringify(
    cases().map(({ parts: _, ...rest }) => rest),
    plain,
  ),
);
