import { createHmac, type Hmac } from 'node:crypto';

/** HMAC-SHA256 over texts as UTF-8; gathers them, because a call to the digest costs more than hashing a row. */
export class BufferedDigest {
  private readonly hmac: Hmac;
  private waiting = '';

  constructor(secret: Buffer) {
    this.hmac = createHmac('sha256', secret);
  }

  add(text: string): void {
    this.waiting += text;
    if (this.waiting.length > 65_536) this.flush();
  }

  hex(): string {
    this.flush();
    return this.hmac.digest('hex');
  }

  private flush(): void {
    this.hmac.update(this.waiting, 'utf8');
    this.waiting = '';
  }
}
