#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <corchestra/base/secret.hpp>

namespace corchestra::llm {

/// Takes secrets out of a text that comes in pieces: what may be the begin of one waits for the next piece.
class piecewise_redaction {
 public:
  /// `hide` outlives this.
  explicit piecewise_redaction(const redactor& hide) : hide_(hide) {}

  /// What may be shown now.
  std::string operator()(std::string_view piece) {
    std::string text = hide_(std::exchange(waiting_, {}).append(piece));
    const std::size_t shown = text.size() - hide_.begun(text);
    waiting_ = text.substr(shown);
    text.resize(shown);
    return text;
  }
  /// What waited, at the text's end. Of a text that broke off, a longer part of a secret is left out.
  std::string rest(bool complete) {
    if (!complete && waiting_.size() >= redactor::least) waiting_.clear();
    return std::exchange(waiting_, {});
  }

 private:
  const redactor& hide_;
  std::string waiting_;
};

}  // namespace corchestra::llm
