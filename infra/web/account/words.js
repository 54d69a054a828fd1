/* Values as people read them. */

const NUMBER = new Intl.NumberFormat("en");
const DAY = new Intl.DateTimeFormat("en", { dateStyle: "medium" });
const MINUTE = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });
const UTC_DAY = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", timeZone: "UTC" });

export const number = (value) => NUMBER.format(value);

/** 1 -> "1 credit", 2 -> "2 credits". */
export const counted = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;

/** A change of a balance with its sign, a true minus. */
export const signed = (value) => (value > 0 ? `+${number(value)}` : value < 0 ? `\u2212${number(-value)}` : "0");

export const day = (seconds) => DAY.format(seconds * 1000);
export const minute = (seconds) => MINUTE.format(seconds * 1000);

/** "2026-11-24" -> "Nov 24". Days of the service are UTC's. */
export const utcDay = (date) => UTC_DAY.format(new Date(`${date}T00:00:00Z`));

export const machineTime = (seconds) => new Date(seconds * 1000).toISOString();

/** Cents of a currency ("usd") as money. */
export const money = (cents, currency) =>
  new Intl.NumberFormat("en", { style: "currency", currency: currency.toUpperCase() }).format(cents / 100);

/** A price for one credit, which may be less than a cent. */
export const unitPrice = (cents, currency) =>
  new Intl.NumberFormat("en", {
    style: "currency",
    currency: currency.toUpperCase(),
    minimumFractionDigits: 3, // all packs in one column, aligned
    maximumFractionDigits: 4,
  }).format(cents / 100);

/** Bytes in the units that the contract counts in (1 MB = 1,048,576 bytes). */
export function fileSize(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} kB`;
  return `${(bytes / (1024 * 1024)).toFixed(1)} MB`;
}

/** A note of the ledger: "pack-500" is a pack by its name, anything else stays as it is. */
export const noted = (note) => note.replace(/^pack-(\d+)$/, (_, credits) => `Pack of ${number(credits)}`);

export const KINDS = {
  call: "Call",
  grant: "Granted",
  claim: "Free credits",
  payment: "Payment",
  refund: "Refund",
  dispute: "Dispute",
};
