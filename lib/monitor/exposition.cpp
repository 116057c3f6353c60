#include "monitor/exposition.hpp"

#include "monitor/number_text.hpp"
#include "monitor/utf8.hpp"

namespace corchestra::detail {

namespace {

std::string label_value(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      append_utf8(out, c);
    }
  }
  return out;
}

}  // namespace

exposition::exposition(std::string_view run) : run_(concat("run=\"", label_value(run), '"')) {}

exposition& exposition::family(std::string_view name, std::string_view type, std::string_view help) {
  return foreign_family(concat("corchestra_", name), type, help);
}

exposition& exposition::foreign_family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_ += concat("# HELP ", name_, ' ', help, "\n# TYPE ", name_, ' ', type, '\n');
  return *this;
}

exposition& exposition::line(std::string_view suffix, double value, labels l, std::string_view bound) {
  text_ += concat(name_, suffix, '{', run_);
  for (const auto& [label, of] : l) text_ += concat(',', label, "=\"", label_value(of), '"');
  if (!bound.empty()) text_ += concat(",le=\"", bound, '"');
  text_ += concat("} ", number_text(value), '\n');
  return *this;
}

exposition& exposition::sample(const histogram& h, labels l) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < h.counts().size(); ++i) {
    sum += h.counts()[i];
    line("_bucket", static_cast<double>(sum), l, i < h.bounds().size() ? number_text(h.bounds()[i]) : "+Inf");
  }
  line("_sum", h.sum(), l, {});
  return line("_count", static_cast<double>(h.count()), l, {});
}

}  // namespace corchestra::detail
