#include "core/budget_words.hpp"

#include <corchestra/base/text.hpp>

namespace corchestra::detail {

namespace {

std::uint64_t magnitude(std::int64_t n) noexcept {
  return n < 0 ? ~static_cast<std::uint64_t>(n) + 1 : static_cast<std::uint64_t>(n);
}

std::string grouped(std::uint64_t n) {
  std::string out = concat(n);
  for (std::size_t at = out.size(); at > 3;) out.insert(at -= 3, 1, ',');
  return out;
}

}  // namespace

std::string grouped(std::int64_t n) { return concat(n < 0 ? "-" : "", grouped(magnitude(n))); }

std::string dollars(std::int64_t micro_dollars) {
  const std::uint64_t all = magnitude(micro_dollars);
  std::string cents = concat(all % 1'000'000);
  cents.insert(0, 6 - cents.size(), '0');
  while (cents.size() > 2 && cents.back() == '0') cents.pop_back();
  return concat(micro_dollars < 0 ? "-$" : "$", grouped(all / 1'000'000), ".", cents);
}

}  // namespace corchestra::detail
