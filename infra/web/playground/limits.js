/* The contract's limits of a picture (portrait/tariff.py has them; a test holds the two together). */

export const FILE_BYTES = 31_457_280;
export const PIXELS = 25_000_000;
