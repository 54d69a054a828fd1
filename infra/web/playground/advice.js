/* What to do about a refused call, by the contract's codes. */

const RETRY_FREE = "Trying again is safe: the picture is charged at most once.";

/**
 * {text, act} for a Problem: `text` goes below the contract's own sentence, `act` names the button that helps: "retry",
 * "afresh", "another", "smaller", "key", "buy" or "" for none.
 */
export function adviceFor(problem) {
  return ADVICE[problem.code] ?? (problem.status >= 500 ? ADVICE.gateway : ADVICE.other);
}

const ADVICE = {
  missing_api_key: { text: "Enter a key first.", act: "key" },
  invalid_api_key: { text: "Check that you pasted the whole key.", act: "key" },
  revoked_api_key: { text: "Use another key.", act: "key" },
  no_credits: { text: "Nothing was charged. Claim or buy credits in your account.", act: "buy" },
  unknown_url: { text: "Nothing was charged. The network that is in use here knows no surface normals.", act: "" },
  rate_limited: { text: "Nothing was charged. Wait a moment.", act: "retry" },
  image_file_too_big: { text: "Nothing was charged. This page can make a smaller copy.", act: "smaller" },
  image_resolution: { text: "Nothing was charged. This page can make a smaller copy.", act: "smaller" },
  result_too_big: { text: "Nothing was charged. This page can make a smaller copy.", act: "smaller" },
  image_format: { text: "Nothing was charged. Save it as JPEG, PNG or WEBP.", act: "another" },
  image_unreadable: { text: "Nothing was charged. The file is damaged or incomplete.", act: "another" },
  missing_image_file: { text: "Nothing was charged. The picture may have been moved or changed since you chose it.", act: "another" },
  malformed_form: { text: "Nothing was charged. The picture did not arrive complete.", act: "retry" },
  idempotency_key_reused: { text: "This call was repeated too often. A new call costs 1 credit.", act: "afresh" },
  unavailable: { text: RETRY_FREE, act: "retry" },
  timeout: { text: RETRY_FREE, act: "retry" },
  internal: { text: RETRY_FREE, act: "retry" },
  gateway: { text: `${RETRY_FREE} If that keeps failing, a smaller copy may get through.`, act: "retry" },
  offline: { text: RETRY_FREE, act: "retry" },
  unreachable: { text: RETRY_FREE, act: "retry" },
  cancelled: { text: "If the service had already started, the call may be charged; repeating it is then free.", act: "retry" },
  unreadable_answer: { text: "It may have arrived damaged. Repeating the call is free.", act: "retry" },
  other: { text: "", act: "another" },
};
