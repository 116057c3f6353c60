#include "batch/input_file.hpp"

#include <corchestra/base/text.hpp>

#include "batch/block_reader.hpp"
#include "batch/csv_reader.hpp"

namespace corchestra::batch {

namespace {

class line_reader final : public record_reader {
 public:
  explicit line_reader(block_reader file) : file_(std::move(file)) {}

  result<bool> next(record& to) override {
    for (;;) {
      const auto line = next_line();
      if (line.has_error()) return line.error();
      if (!*line) return false;
      if (trim(text_).empty()) continue;
      to.index = index_++;
      to.line = number_;
      to.text = text_;
      to.row.reset();
      return true;
    }
  }

 private:
  // Whether there was one: in `text_`, which refers to the block unless the line goes across two.
  result<bool> next_line() {
    ++number_;
    joined_.clear();
    for (;;) {
      if (const std::size_t end = rest_.find('\n'); end != std::string_view::npos) {
        joined_.empty() ? void(text_ = rest_.substr(0, end)) : void(text_ = joined_ += rest_.substr(0, end));
        rest_.remove_prefix(end + 1);
        break;
      }
      joined_ += rest_;
      if (joined_.size() > max_record_bytes)
        return fail(errc::too_large, concat(place_of(file_.path(), number_), ": the line is longer than ",
                                            max_record_bytes >> 20, " MiB"));
      const auto block = file_.next();
      if (block.has_error()) return block.error();
      rest_ = *block;
      if (!rest_.empty()) continue;
      if (joined_.empty()) return false;
      text_ = joined_;
      break;
    }
    if (number_ == 1 && text_.starts_with(byte_order_mark)) text_.remove_prefix(byte_order_mark.size());
    if (text_.ends_with('\r')) text_.remove_suffix(1);
    return true;
  }

  block_reader file_;
  std::string_view rest_, text_;
  std::string joined_;
  std::uint64_t index_ = 0, number_ = 0;
};

}  // namespace

std::string place_of(const std::filesystem::path& path, std::uint64_t line) { return concat(path.string(), ':', line); }

result<std::unique_ptr<record_reader>> open_records(const std::filesystem::path& path,
                                                    std::function<void(std::string_view)> on_block) {
  auto file = block_reader::open(path, std::move(on_block));
  if (file.has_error()) return file.error();
  if (to_lower(path.extension().string()) == ".csv") return open_csv(std::move(*file));
  return std::make_unique<line_reader>(std::move(*file));
}

}  // namespace corchestra::batch
