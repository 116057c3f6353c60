#include <corchestra/plan/plan_document.hpp>

#include "fuzz/expect.hpp"

using namespace corchestra;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  constexpr plan_format formats[] = {plan_format::yaml, plan_format::json, plan_format::jsonl};
  const plan_format format = formats[fuzz::take_choice(text) % std::size(formats)];
  const auto plan = parse_plan(text, "plan.yaml", format);
  if (plan) return 0;
  fuzz::expect(plan.error().message.starts_with("plan.yaml"), "the error names the file");
  return 0;
}
