/** Resolves when dialogs can be shown: what shows them comes after the first page. */
let told: () => void = () => undefined;

export const overlaid = new Promise<void>((resolve) => {
  told = resolve;
});

export function overlaysAreHere(): void {
  told();
}
