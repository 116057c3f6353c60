#include <corchestra/llm/price_table.hpp>

#include "fuzz/expect.hpp"

using namespace corchestra;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto table = llm::price_table::parse(fuzz::text_of(data, size), "prices.json");
  if (!table) {
    fuzz::expect_message(table.error().message);
    fuzz::expect(table.error().message.starts_with("prices.json"), "the error names the file");
    return 0;
  }
  table->find("m");
  table->find("openai/m-2024-08-06");
  return 0;
}
