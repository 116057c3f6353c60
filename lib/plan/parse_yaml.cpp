#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <utility>

#include <corchestra/base/text.hpp>
#include "plan/node_builder.hpp"
#include "plan/parse.hpp"

namespace corchestra::plan_file {

namespace {

struct refused {};  // leaves yaml-cpp's parser after the builder has noted a problem

class yaml_events : public YAML::EventHandler {
 public:
  explicit yaml_events(node_builder& b) : builder_(b) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(begun_, true)) check(builder_.refuse("the file holds more than one YAML document", mark.line + 1));
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check(builder_.scalar(nullptr, mark.line + 1, anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override { check(builder_.alias(anchor, mark.line + 1)); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const int line = mark.line + 1;
    if (builder_.expects_key()) {
      check(builder_.key(value, line));
    } else {
      const bool text = tag == "!" || (tag.size() > 1 && tag == core_tag("str"));
      if (!text) check_tag(tag, {"null", "bool", "int", "float"}, line);
      check(builder_.scalar(text ? json(value) : plain_scalar(value), line, anchor));
    }
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check_tag(tag, {"seq"}, mark.line + 1);
    check(builder_.begin(node::kind::list, mark.line + 1, anchor));
  }
  void OnSequenceEnd() override { check(builder_.end()); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check_tag(tag, {"map"}, mark.line + 1);
    check(builder_.begin(node::kind::object, mark.line + 1, anchor));
  }
  void OnMapEnd() override { check(builder_.end()); }

 private:
  static std::string core_tag(std::string_view name) { return concat("tag:yaml.org,2002:", name); }
  static void check(bool ok) {
    if (!ok) throw refused{};
  }
  void check_tag(const std::string& tag, std::initializer_list<std::string_view> known, int line) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    for (const std::string_view name : known)
      if (tag == core_tag(name)) return;
    check(builder_.refuse(concat("the tag ", quote(tag), " is not supported"), line));
  }

  node_builder& builder_;
  bool begun_ = false;
};

}  // namespace

result<node> parse_yaml(std::string_view text, std::string_view source, errc code) {
  if (const int line = first_bad_utf8_line(text))
    return fail(code, concat(source, ":", line, ": the text is not UTF-8"));
  std::istringstream in{std::string(text)};
  node_builder builder(true);
  yaml_events events(builder);
  try {
    YAML::Parser parser(in);
    if (!parser.HandleNextDocument(events)) return node{};
    node first = builder.take();
    parser.HandleNextDocument(events);  // there is none, or it is refused
    return first;
  } catch (const refused&) {
    return fail(code, concat(source, ":", builder.line(), ": ", builder.problem()));
  } catch (const YAML::Exception& e) {
    return fail(code, concat(source, ":", e.mark.line + 1, ":", e.mark.column + 1, ": malformed YAML: ", trim(one_line(e.msg, 200))));
  }
}

}  // namespace corchestra::plan_file
