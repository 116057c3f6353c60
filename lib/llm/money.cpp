#include <corchestra/llm/money.hpp>

#include <algorithm>
#include <charconv>
#include <limits>

#include <corchestra/base/text.hpp>

namespace corchestra::llm {

namespace {

__extension__ typedef unsigned __int128 wide;
constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t femto_per_micro = 1'000'000'000;
constexpr std::int64_t micro_per_dollar = 1'000'000;
constexpr std::size_t decimals = 15;

}  // namespace

money money::of(std::int64_t tokens, token_price price) noexcept {
  money m;
  if (tokens <= 0 || price <= 0) return m;
  const wide femto = static_cast<wide>(tokens) * static_cast<wide>(price);
  const wide micro = femto / femto_per_micro;
  m.micro_ = micro > static_cast<wide>(most) ? most : static_cast<std::int64_t>(micro);
  m.femto_ = static_cast<std::int64_t>(femto % femto_per_micro);
  return m;
}

std::int64_t money::micro_dollars() const noexcept {
  return micro_ + (femto_ >= femto_per_micro / 2 && micro_ < most ? 1 : 0);
}

std::int64_t money::micro_dollars_up() const noexcept { return micro_ + (femto_ > 0 && micro_ < most ? 1 : 0); }

std::string money::to_text() const {
  std::string micro = concat(micro_ % micro_per_dollar), femto = concat(femto_);
  micro.insert(0, 6 - micro.size(), '0');
  femto.insert(0, decimals - 6 - femto.size(), '0');
  std::string text = concat(micro_ / micro_per_dollar, ".", micro, femto);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::optional<money> money::parse(std::string_view text) {
  const std::size_t dot = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, dot);
  std::string part(text.substr(std::min(dot + 1, text.size())));
  part.resize(std::max(part.size(), decimals), '0');
  const auto read = [](std::string_view digits, std::int64_t& n) {
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
    return problem == std::errc() && end == digits.data() + digits.size() && digits.front() != '-';
  };
  std::int64_t dollars = 0, micro = 0;
  money m;
  if (part.size() > decimals || whole.empty() || !read(whole, dollars) || !read(part.substr(0, 6), micro) ||
      !read(part.substr(6), m.femto_) || dollars > (most - micro) / micro_per_dollar)
    return std::nullopt;
  m.micro_ = dollars * micro_per_dollar + micro;
  return m.to_text() == text ? std::optional(m) : std::nullopt;
}

money& money::operator+=(const money& o) noexcept {
  femto_ += o.femto_;
  const std::int64_t carry = femto_ / femto_per_micro;
  femto_ %= femto_per_micro;
  micro_ = o.micro_ > most - micro_ ? most : micro_ + o.micro_;
  micro_ = carry > most - micro_ ? most : micro_ + carry;
  return *this;
}

money& money::operator-=(const money& o) noexcept {
  if (*this <= o) return *this = money();
  micro_ -= o.micro_;
  femto_ -= o.femto_;
  if (femto_ < 0) {
    femto_ += femto_per_micro;
    --micro_;
  }
  return *this;
}

}  // namespace corchestra::llm
