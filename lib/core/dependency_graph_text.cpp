#include <corchestra/base/text.hpp>

#include "core/dependency_graph_data.hpp"

namespace corchestra {

namespace {

using added_edge = dependency_graph_data::added_edge;

bool is_analyzed(const added_edge* e) { return e != nullptr && e->analyzed; }
std::string label_of(const added_edge& e) { return concat(to_string(e.kind), " ", fixed(e.confidence, 2)); }

/// A DOT string: quotes and backslashes escaped, line breaks as \n.
std::string dot_string(std::string_view s) {
  std::string out = "\"";
  for (const char c : s) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

/// A Mermaid string: what could end it, or means something to Markdown or HTML in it, as an entity code.
std::string mermaid_string(std::string_view s) {
  constexpr std::string_view special = "\"#&;<>`\\*_~|[](){}$%";
  std::string out = "\"";
  for (const char c : s) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
      out += ' ';
    } else if (special.find(c) != std::string_view::npos) {
      out += concat("#", static_cast<int>(c), ";");
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace

std::string dependency_graph::to_text() const {
  std::string out;
  const auto all = levels();
  for (std::size_t k = 0; k < all.size(); ++k) {
    out += concat("level ", k + 1, ": ", join(all[k], ", "), "\n");
  }
  const auto& names = data_->ids;
  data_->each_edge([&](std::uint32_t from, std::uint32_t to, const added_edge* e) {
    out += concat("  ", names[to], " needs ", names[from]);
    if (is_analyzed(e)) {
      out += concat("  (", to_string(e->kind), ", confidence ", fixed(e->confidence, 2));
      if (!e->evidence.empty()) out += concat(": ", one_line(e->evidence, 160));
      out += ")";
    }
    out += "\n";
  });
  return out;
}

std::string dependency_graph::to_dot() const {
  std::string out = "digraph plan {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n";
  const auto& names = data_->ids;
  for (const auto& id : names) out += concat("  ", dot_string(id), ";\n");
  data_->each_edge([&](std::uint32_t from, std::uint32_t to, const added_edge* e) {
    out += concat("  ", dot_string(names[from]), " -> ", dot_string(names[to]));
    if (is_analyzed(e)) {
      out += concat(" [style=dashed, label=", dot_string(label_of(*e)),
                    ", tooltip=", dot_string(one_line(e->evidence, 160)), "]");
    }
    out += ";\n";
  });
  return out + "}\n";
}

std::string dependency_graph::to_mermaid() const {
  std::string out = "flowchart TD\n";
  const auto& names = data_->ids;
  for (std::size_t t = 0; t < names.size(); ++t) out += concat("  n", t, "[", mermaid_string(names[t]), "]\n");
  data_->each_edge([&](std::uint32_t from, std::uint32_t to, const added_edge* e) {
    out += concat("  n", from);
    if (is_analyzed(e)) {
      out += concat(" -.->|", mermaid_string(label_of(*e)), "| ");
    } else {
      out += " --> ";
    }
    out += concat("n", to, "\n");
  });
  return out;
}

}  // namespace corchestra
