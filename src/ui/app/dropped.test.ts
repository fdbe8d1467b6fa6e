import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { BackupWriter } from '../../share/backup';
import { fixtureRun } from '../../../test/fixtures/run';
import { droppedKind, refusal } from './dropped';

const kind = (name: string, text: string) => droppedKind(name, new TextEncoder().encode(text));

describe('a dropped file', () => {
  it('is known by what it holds, not by its name', () => {
    expect(kind('photo.png', '{"polylogue":"run","schema":1,"events":[')).toBe('record');
    expect(kind('run.json', '\ufeff \n{ "polylogue" : "loop", "schema": 1')).toBe('record');
    expect(kind('x', '{"schema":1,"polylogue":"run"')).toBe('record');
    expect(kind('sets.json', '{"polylogue":"sets","schema":1,"sets":[')).toBe('rows');
    expect(kind('rows.jsonl', '{"messages":[{"role":"user"')).toBe('rows');
    expect(kind('sharegpt.json', '[{"conversations":[')).toBe('rows');
    expect(droppedKind('run.json', new Uint8Array([0x1f, 0x8b, 8, 0]))).toBe('record');
    expect(droppedKind('run.json', new Uint8Array([0x50, 0x4b, 3, 4]))).toBe('weights');
    expect(droppedKind('x', zipSync({ 'critic_2/train.jsonl': new Uint8Array(3) }))).toBe('rows');
    expect(droppedKind('x', zipSync({ agents: { a: { 'facts.json': new Uint8Array(3) } } }))).toBe('weights');
  });

  it('is a backup when it is an archive that begins like one, be it empty or unreadable', async () => {
    const kindOf = async (fill: (writer: BackupWriter) => void) => {
      const writer = new BackupWriter();
      fill(writer);
      return droppedKind('x', new Uint8Array(await writer.end('2026-11-27T00:00:00.000Z', 'test').arrayBuffer()));
    };
    expect(await kindOf(writer => writer.add({ kind: 'run', events: fixtureRun().events }))).toBe('backup');
    expect(await kindOf(writer => writer.addUnreadable({ some: 'thing' }))).toBe('backup');
    expect(await kindOf(() => undefined)).toBe('backup');
  });

  it('is refused with what would be taken', () => {
    expect(droppedKind('photo.json', new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 0]))).toBe('foreign');
    expect(kind('notes.txt', 'Dear diary')).toBe('foreign');
    expect(kind('list.txt', '[1, 2]')).toBe('foreign');
    expect(kind('empty.json', '')).toBe('foreign');
    expect(refusal('notes.txt', 'foreign')).toContain('.run.json');
    expect(refusal('w.zip', 'weights')).toContain('loop');
  });
});
