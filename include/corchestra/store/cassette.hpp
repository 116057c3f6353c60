#pragma once

#include <filesystem>
#include <memory>

#include <corchestra/base/secret.hpp>
#include <corchestra/net/http_client.hpp>

namespace corchestra::store {

/// A recording of HTTP exchanges, for tests without network: a JSONL file, a line an exchange, with method, URL, body
/// and the reply. Header fields of requests are not recorded, of replies only those that say something of it (type,
/// limits, Retry-After, x-request-id): no key, no cookie. `secrets` are taken out of bodies as well. Failures without a
/// reply are not recorded.

/// Passes every request on to `inner` and adds what came to the end of the file. Error: `file_error`.
result<std::shared_ptr<net::http_client>> record_to(const std::filesystem::path& file,
                                                    std::shared_ptr<net::http_client> inner, redactor secrets = {});

/// Answers from the file, whatever the host: a request gets the reply of the recorded one with the same method, path
/// and body (JSON bodies are compared as values); of several the next, the last one again and again. A request that is
/// not in there is the error `not_found`, naming the file. Streamed bodies come in one piece. Errors: `file_error`,
/// `too_large` (more than 256 MiB), `invalid_argument` with file and line.
result<std::shared_ptr<net::http_client>> replay_from(const std::filesystem::path& file);

}  // namespace corchestra::store
