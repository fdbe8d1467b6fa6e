// What must outlive a reload to find a job again; everything else about it is asked of the endpoint.

export interface JobMemo {
  schema: 1;
  /** `TuneOrder.key`. */
  key: string;
  /** Origin of the endpoint that has the job; a memo of another one says nothing. */
  origin: string;
  /** Uploaded training and validation files. */
  file: string | null;
  validation: string | null;
  job: string | null;
  /** As last heard. */
  status: string;
}

export interface MemoStore {
  read(key: string): Promise<JobMemo | null>;
  write(memo: JobMemo): Promise<void>;
}

/** Keeps memos as long as the program runs: enough for one process, and for tests. */
export function memoryMemos(): MemoStore {
  const memos = new Map<string, JobMemo>();
  return {
    read: async key => memos.get(key) ?? null,
    write: async memo => void memos.set(memo.key, memo),
  };
}
