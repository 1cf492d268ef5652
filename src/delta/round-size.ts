const min = 500;
const first = 20_000;

/** How many keys a round takes: as many as are applied in about two seconds, between 500 and what the plan allows; 20,000 at first. */
export class RoundSize {
  private size: number;

  constructor(
    private readonly max: number,
    private readonly aimMs = 2_000,
  ) {
    this.size = Math.max(1, Math.min(first, max));
  }

  get keys(): number {
    return this.size;
  }

  /** Learns from a round: half as many after a slow one; after a full one as many as the time is enough for, at most twice as many. */
  took(keys: number, milliseconds: number): void {
    if (milliseconds > this.aimMs) this.size = Math.max(Math.min(min, this.max), Math.floor(this.size / 2));
    else if (keys >= this.size)
      this.size = Math.min(this.max, Math.floor(this.size * Math.min(2, this.aimMs / Math.max(1, milliseconds))));
  }
}
