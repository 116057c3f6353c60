#pragma once

#include <corchestra/batch/batch_job.hpp>
#include <corchestra/plan/settings.hpp>
#include <corchestra/session/exit_code.hpp>

namespace corchestra {

/// Fills in what the settings say: endpoint, model, prices. Errors: those of a price file.
result<batch::batch_options> with_settings(batch::batch_options options, const settings& s);

/// The client of the configured endpoint, for at most so many calls at a time: it begins with few and finds out how
/// many the endpoint takes. Failures that may pass are tried again five times unless the settings say otherwise.
/// Errors: `no_endpoint`, `invalid_argument`.
result<std::shared_ptr<llm::api_client>> open_api(const any_io_executor& executor, const settings& s,
                                                  std::uint32_t concurrency, logger log);

/// Dollars as people write them: `5`, `2.50`. Error: `invalid_argument`.
result<llm::money> parse_dollars(std::string_view text);

/// The value of a flag: a text, or `@FILE` for what is in a file. Errors: `file_error`, `too_large`.
result<std::string> text_or_file(const std::string& value);

/// 0: all that was wanted is done; 1: some failed, or are left; 3: nothing reached the endpoint; 130: interrupted.
exit_code exit_code_of(const batch::batch_result& r) noexcept;

}  // namespace corchestra
