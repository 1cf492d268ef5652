const least = 500;

/** How many keys a round takes: as many as are applied in about two seconds, between 500 and what the plan allows. */
export class RoundSize {
  private size: number;

  constructor(
    private readonly most: number,
    private readonly aimMs = 2_000,
  ) {
    this.size = Math.max(1, most);
  }

  get keys(): number {
    return this.size;
  }

  /** Learns from a round: half as many after a slow one, twice as many after a full one that was quick. */
  took(keys: number, milliseconds: number): void {
    if (milliseconds > this.aimMs) this.size = Math.max(Math.min(least, this.most), Math.floor(this.size / 2));
    else if (keys >= this.size && milliseconds < this.aimMs / 2) this.size = Math.min(this.most, this.size * 2);
  }
}
