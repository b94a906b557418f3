// Which chunk of a room with views each entity was last told of with (PROTOCOL.md, "Views"). Within a frame an entity may go from
// one chunk to another: who is gone is known only at the frame's end.
export class ChunkMembers {
  private readonly chunkOf = new Map<number, number>();
  private readonly members = new Map<number, Set<number>>();
  private readonly leaving = new Set<number>();

  put(chunk: number, entity: number): void {
    this.leaving.delete(entity);
    const before = this.chunkOf.get(entity);
    if (before === chunk) return;
    if (before !== undefined) this.members.get(before)?.delete(entity);
    this.chunkOf.set(entity, chunk);
    const members = this.members.get(chunk) ?? new Set();
    this.members.set(chunk, members.add(entity));
  }

  /** Where it is not another chunk's by now. */
  leave(chunk: number, entity: number): void {
    if (this.chunkOf.get(entity) !== chunk) return;
    this.chunkOf.delete(entity);
    this.members.get(chunk)?.delete(entity);
    this.leaving.add(entity);
  }

  leaveAll(chunk: number): void {
    for (const entity of this.members.get(chunk) ?? []) {
      this.chunkOf.delete(entity);
      this.leaving.add(entity);
    }
    this.members.delete(chunk);
  }

  leaveEverything(): void {
    for (const chunk of [...this.members.keys()]) this.leaveAll(chunk);
  }

  /** At the end of a frame: who is gone. Forgets them. */
  takeGone(): number[] {
    const gone = [...this.leaving];
    this.leaving.clear();
    return gone;
  }

  clear(): void {
    this.chunkOf.clear();
    this.members.clear();
    this.leaving.clear();
  }
}
