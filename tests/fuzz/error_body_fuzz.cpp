#include <array>

#include <corchestra/llm/error_body.hpp>

#include "fuzz/expect.hpp"

using namespace corchestra;

// Whatever a refusal holds, its error is one bounded line with a code.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  constexpr std::array statuses = {400, 401, 404, 422, 429, 500, 503, 302};
  constexpr std::array types = {"application/json", "text/html; charset=utf-8", ""};
  const int status = statuses[fuzz::take_choice(text) % statuses.size()];
  const std::string type = types[fuzz::take_choice(text) % types.size()];
  const error e = llm::error_from_reply(status, {{"Content-Type", type}, {"Location", "/x"}}, text);
  fuzz::expect(e.code.failed(), "a refusal is an error");
  fuzz::expect(e.retry != retry_class::unspecified, "a refusal says whether to try again");
  fuzz::expect_message(e.message);
  return 0;
}
