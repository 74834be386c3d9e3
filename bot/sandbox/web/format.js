// Money, days and times as people read them. Amounts are whole cents inside the page.

/** "61482.17", 61482.17 or null → cents. Text is read digit by digit, so that no amount passes through a float. */
export function cents(value) {
  const found = /^(-?)(\d+)(?:\.(\d{1,2})\d*)?$/.exec(
    typeof value === "number" ? value.toFixed(2) : String(value ?? "").trim(),
  );
  if (!found) return 0;
  const amount = Number(found[2]) * 100 + Number((found[3] ?? "").padEnd(2, "0"));
  return found[1] ? -amount : amount;
}

/** Cents → "61,482.17", the minus sign in front. */
export function money(amount) {
  const digits = String(Math.abs(amount)).padStart(3, "0");
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${amount < 0 ? "\u2212" : ""}${whole}.${digits.slice(-2)}`;
}

export const dollars = (amount, currency = "USD") =>
  currency === "USD" ? money(amount).replace(/^(\u2212?)/, "$1$") : `${money(amount)} ${currency}`;

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** "2026-10-31…" or "10/31/2026" → "31 Oct"; anything else comes back as it is. */
export function day(text, withYear = false) {
  const iso = /^(\d{4})-(\d\d)-(\d\d)/.exec(text ?? "");
  const us = /^(\d\d)\/(\d\d)\/(\d{4})/.exec(text ?? "");
  const parts = iso ? [iso[1], iso[2], iso[3]] : us ? [us[3], us[1], us[2]] : null;
  if (!parts) return text ?? "";
  return `${Number(parts[2])} ${MONTHS[Number(parts[1]) - 1]}${withYear ? ` ${parts[0]}` : ""}`;
}

export const tsDate = (ts) => new Date(Number(ts) * 1000);

export const clock = (date) => date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });

export function dayName(date) {
  const today = new Date();
  const days = Math.round((midnight(today) - midnight(date)) / 86400000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return date.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long" });
}

const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

export const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;
