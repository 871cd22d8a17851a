/** Long work and what became of it: filled by the area `home`. */
export function Bell() {
  return null;
}
