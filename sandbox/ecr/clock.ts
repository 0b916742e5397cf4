/** The sandbox's time: the machine's, plus the time by which tests have advanced it. */
export class Clock {
  private offset = 0;

  now(): Date {
    return new Date(Date.now() + this.offset);
  }

  /** What a time of the sandbox is to those who have not advanced their clock: as long ago as it is here. */
  toMachineTime(time: Date): Date {
    return new Date(time.getTime() - this.offset);
  }

  /** @param milliseconds by how much */
  advance(milliseconds: number): void {
    this.offset += milliseconds;
  }

  reset(): void {
    this.offset = 0;
  }
}
