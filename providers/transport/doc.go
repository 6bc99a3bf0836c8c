// Package transport is the one HTTP layer of all providers: whatever an
// identity provider is asked passes through one [Transport], and nothing else
// repeats, counts, logs or limits requests. The retries of the vendors' SDKs
// stay off.
//
// What it repeats, and what not:
//
//   - GET, HEAD, PUT and DELETE after a lost connection, 429, 502, 503 or 504;
//   - POST, PATCH and everything under [NoRetry] after 429 only, which says
//     that nothing was done, or when no connection could be made at all;
//   - a POST under [Idempotent] like a PUT, and one under [Harmless], such as a
//     sign-in, like a GET;
//   - nothing after a TLS error or an unknown host name.
//
// net/http itself dials again when a kept-alive connection turns out to be
// closed before a byte of the request was written; that is no repetition.
//
// What comes back is either a response with a status below 500 other than
// 429, its body read in full, or a [*providers.Error] whose class tells
// whether the request may have been done. An error that has an answer of the
// server behind it wraps a [*ResponseError].
package transport
