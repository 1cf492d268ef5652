export default function stopPostgres(): void {}
