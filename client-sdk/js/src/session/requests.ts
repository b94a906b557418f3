// Requests that wait for their answer, by the number of the message that asked.
import { TickrelayError } from "../errors.js";

interface Waiting {
  readonly deadlineUs: number;
  readonly type: string;
  resolve(data: Uint8Array): void;
  reject(error: Error): void;
}

export class Requests {
  private readonly open = new Map<number, Waiting>();

  add(seq: number, type: string, deadlineUs: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => this.open.set(seq, { type, deadlineUs, resolve, reject }));
  }

  answered(seq: number, data: Uint8Array): void {
    this.open.get(seq)?.resolve(data);
    this.open.delete(seq);
  }

  /** False: no such request is open. */
  refused(seq: number, label: string): boolean {
    const waiting = this.open.get(seq);
    if (waiting === undefined) return false;
    this.open.delete(seq);
    waiting.reject(new TickrelayError(label, `request '${waiting.type}' got no answer: ${label}`, seq));
    return true;
  }

  endDue(nowUs: number): void {
    for (const [seq, waiting] of [...this.open]) if (waiting.deadlineUs <= nowUs) this.refused(seq, "timeout");
  }

  endAll(label: string): void {
    for (const seq of [...this.open.keys()]) this.refused(seq, label);
  }

  get dueUs(): number {
    let due = Infinity;
    for (const { deadlineUs } of this.open.values()) due = Math.min(due, deadlineUs);
    return due;
  }
}
