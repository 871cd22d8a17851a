/** The text of a code of a rejection; `_many` at its end would be taken for a plural. */
export const codeKey = (code: string) => (code === 'identifiers_too_many' ? 'identifiers_full' : code);
