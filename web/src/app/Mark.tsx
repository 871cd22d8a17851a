/** The mark: a loop that comes back. */
export function Mark({ size = 26 }: { size?: number }) {
  return (
    <svg
      width={size} height={size} viewBox="0 0 32 32" fill="none" stroke="var(--ql-accent-text)"
      strokeWidth="3.2" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" focusable="false"
    >
      <path d="M4 26h14.5a9.5 9.5 0 1 0-9.5-9.5v1" />
      <path d="M4.5 14.5L9 19l4.5-4.5" />
    </svg>
  );
}
