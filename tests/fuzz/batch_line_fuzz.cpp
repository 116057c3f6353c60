#include <sys/mman.h>
#include <unistd.h>

#include <corchestra/base/text.hpp>
#include <corchestra/batch/batch_input.hpp>

#include "batch/block_reader.hpp"
#include "batch/body_facts.hpp"
#include "batch/csv_reader.hpp"
#include "batch/json_members.hpp"
#include "batch/request_line.hpp"
#include "fuzz/expect.hpp"

using namespace corchestra;
using batch::request_line;

namespace {

// A regular file in memory, and the name to open it by.
const std::string& file_of(std::string_view content) {
  static const int fd = ::memfd_create("batch", MFD_CLOEXEC);
  static const std::string name = concat("/proc/self/fd/", fd);
  fuzz::expect(::ftruncate(fd, 0) == 0, "the file is emptied");
  fuzz::expect(::pwrite(fd, content.data(), content.size(), 0) == static_cast<ssize_t>(content.size()),
               "the file is written");
  return name;
}

void expect_place(const error& e, std::string_view file) {
  fuzz::expect_message(e.message);
  std::string_view rest = e.message;
  fuzz::expect(rest.starts_with(file), "the error names the file");
  rest.remove_prefix(file.size());
  const std::size_t digits = rest.find_first_not_of("0123456789", 1);
  fuzz::expect(rest.starts_with(':') && digits > 1 && digits != rest.npos && rest.substr(digits, 2) == ": ",
               "the error names the line");
}

// The reader of raw members against a parser.
void expect_members(std::string_view text, const ordered_json& parsed) {
  ordered_json found = ordered_json::object();
  batch::json_members members(text);
  while (const auto m = members.next()) {
    const auto key = batch::string_of(concat('"', m->key, '"'));
    fuzz::expect(key.has_value(), "a key is a text");
    found[*key] = ordered_json::parse(m->value, nullptr, false);
  }
  fuzz::expect(found == parsed, "the raw members are those of the parser");
}

std::string outcome_of(const batch::body_facts& facts) {
  request_line line;
  const auto put = facts.put_in(line);
  if (put.has_error()) return put.error().message;
  return concat(line.model, '/', line.service_tier, '/', line.max_tokens.value_or(0), '/', line.answers, '/',
                line.prefix);
}

// The reader that checks the JSON as it goes, which may give up, against that of valid JSON.
void expect_same_line(std::string_view text) {
  batch::batch_line quick, valid;
  if (!quick.read(text)) return;
  valid.read_valid(text);
  fuzz::expect(quick.id == valid.id && quick.method == valid.method && quick.url == valid.url &&
                   quick.body == valid.body && quick.unknown == valid.unknown,
               "both readers of a line find the same members");
  fuzz::expect(outcome_of(quick.facts) == outcome_of(valid.facts), "both readers of a line find the same facts");
}

std::optional<std::int64_t> widest_limit(const ordered_json& body) {
  std::optional<std::int64_t> widest;
  for (const char* name : {"max_tokens", "max_completion_tokens", "max_output_tokens"})
    if (body.contains(name) && body[name].is_number_integer())
      widest = std::max(widest.value_or(0), body[name].get<std::int64_t>());
  return widest;
}

void expect_sound(const request_line& line) {
  fuzz::expect(!line.custom_id.empty() && line.custom_id.size() <= 512, "the id is bounded");
  fuzz::expect(!line.path.empty() && line.path.front() != '/', "the path is below the base URL");
  fuzz::expect(line.answers >= 1 && line.answer_tokens().value_or(1) >= 1, "what it asks for is positive");
  const auto body = ordered_json::parse(line.body, nullptr, false);
  fuzz::expect(body.is_object(), "the body is a JSON object");
  fuzz::expect(body.contains("model") && body["model"] == line.model && !line.model.empty(), "the model is known");
  // Of members with one name all count here, the last for the parser.
  fuzz::expect(widest_limit(body).value_or(0) <= line.max_tokens.value_or(0), "the limit is known");
  if (body.contains("n") && body["n"].is_number())
    fuzz::expect(body["n"].get<double>() <= 1 << 20 ? body["n"] <= line.answers : true, "the answers are known");
  expect_members(line.body, body);
}

void read_lines(const std::string& file, const batch::request_maker& maker) {
  auto records = batch::open_records(file);
  batch::record r;
  batch::request_line again;  // of the line before
  std::uint64_t before = 0;
  for (std::uint64_t index = 0;; ++index) {
    const auto any = (*records)->next(r);
    fuzz::expect(any.has_value(), "lines of a few bytes are read");
    if (!*any) return;
    fuzz::expect(r.index == index && r.line > std::exchange(before, r.line), "lines are counted");
    // The parser passes over a byte order mark, which only the file's first line may begin with.
    const bool marked = r.text.starts_with(batch::byte_order_mark);
    const auto parsed = marked ? ordered_json() : ordered_json::parse(r.text, nullptr, false);
    if (parsed.is_object()) {
      expect_members(r.text, parsed);
      expect_same_line(r.text);
    } else {
      fuzz::expect(!batch::batch_line().read(r.text), "only a JSON object is read as a line");
    }
    batch::request_line line;
    if (const auto made = maker.make(line, r, false); !made) {
      fuzz::expect_message(made.error().message);
      continue;
    }
    fuzz::expect(parsed.is_object(), "a request is a JSON object");
    expect_sound(line);
    const auto made_again = maker.make(again, r, true);
    fuzz::expect(made_again && again.body == line.body && again.custom_id == line.custom_id &&
                     again.prefix == line.prefix && again.max_tokens == line.max_tokens,
                 "what was checked is read as before");
  }
}

using rows = std::vector<ordered_json>;

result<rows> rows_of(const std::string& file) {
  auto opened = batch::block_reader::open(file);
  if (opened.has_error()) return opened.error();
  auto records = batch::open_csv(std::move(*opened));
  if (records.has_error()) return records.error();
  rows found;
  batch::record r;
  for (;;) {
    const auto any = (*records)->next(r);
    if (any.has_error()) return any.error();
    if (!*any) return found;
    found.push_back(std::move(*r.row));
  }
}

std::string csv_of(const rows& of) {
  std::string names, text;
  for (const ordered_json& row : of) {
    names.clear();
    for (const auto& [name, value] : row.items()) {
      const auto add = [](std::string& to, const std::string& field) {
        to += to.empty() || to.back() == '\n' ? "\"" : ",\"";
        for (const char c : field) to += c == '"' ? std::string("\"\"") : std::string(1, c);
        to += '"';
      };
      add(names, name);
      add(text, value.get<std::string>());
    }
    text += '\n';
  }
  return names + '\n' + text;
}

// Rows that were read are the same when they are written and read again.
void read_rows(const std::string& file) {
  const auto first = rows_of(file);
  if (!first) return expect_place(first.error(), file);
  if (first->empty()) return;
  const auto again = rows_of(file_of(csv_of(*first)));
  fuzz::expect(again && *again == *first, "written rows are read as before");
}

}  // namespace

// A file of requests, as lines or as rows of columns: whatever is taken is a sound request, all readers of it agree,
// and an error names file and line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  const std::size_t choice = fuzz::take_choice(text);
  batch::request_options options;
  if (choice & 1) options.model = "standard";
  if (choice & 2) options.model_forced = true;
  if (choice & 4) options.prompt = "Is ${text} kind?";
  if (choice & 8) options.max_tokens = 50;
  const std::string& file = file_of(text);
  if (choice & 16) {
    read_rows(file);
    return 0;
  }
  const auto maker = batch::request_maker::create(options);
  fuzz::expect(maker.has_value(), "the options are sound");
  read_lines(file, *maker);
  if (choice & 32) {
    const auto input = batch::check_input(file, options);
    const bool none = !input && input.error().message == concat(quote(file), " has no requests: expected one a line");
    if (!input && !none) expect_place(input.error(), file);
  }
  return 0;
}
