#include <corchestra/monitor/graph_svg.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include <corchestra/base/text.hpp>

#include "monitor/graph_layout.hpp"
#include "monitor/number_text.hpp"
#include "monitor/state_palette.hpp"
#include "monitor/svg_canvas.hpp"
#include "monitor/text_width.hpp"

namespace corchestra {

namespace {

using detail::look_of;
using detail::short_number;

constexpr double margin = 28, header = 96, least_width = 560, most_grid_width = 1400;
constexpr double node_height = 26, tall_node_height = 38, node_gap = 14, padding = 11, small_font = 10;
constexpr std::size_t most_columns = 30, most_title = 300;

/// What is known of a task.
struct known_task {
  std::string_view agent, description;
  std::optional<task_state> state;
  std::optional<duration> took;
  std::string_view note;
};

class graph_picture {
 public:
  graph_picture(const dependency_graph& graph, const graph_details& details)
      : graph_(graph), edges_(graph.edges()), title_(details.title.empty() ? "Dependencies" : details.title) {
    for (std::uint32_t n = 0; n < graph.size(); ++n) numbers_.emplace(graph.ids()[n], n);
    known_.resize(graph.size());
    learn(details);
    find_critical_path();
    lay_out();
  }

  std::string draw() {
    heading();
    arrow("a", "am");
    arrow("ak", "akm");
    for (const bool critical : {false, true}) draw_edges(critical);
    for (std::uint32_t n = 0; n < graph_.size(); ++n) draw_node(n);
    if (!alone_.empty() && !placed_.empty()) {
      canvas_.text(margin, alone_top_ - 10, "m", "Without dependencies");
    }
    return canvas_.page(width_, height_, title_, description(), rules(false), rules(true));
  }

 private:
  void learn(const graph_details& details) {
    for (const auto& t : details.tasks) {
      if (known_task* k = find(t.id)) {
        k->agent = t.agent;
        k->description = t.description;
      }
    }
    if (details.run) {
      for (const auto& e : details.run->entries) learn(e, *details.run);
    }
    for (const auto& r : details.results) {
      known_task* k = find(r.id);
      if (!k) continue;
      k->agent = r.agent;
      k->state = r.state;
      k->note = r.reason;
      k->took = r.started_at ? std::optional(r.last_duration()) : std::nullopt;
    }
    tall_ = std::any_of(known_.begin(), known_.end(), [](const auto& k) { return !k.agent.empty() || k.took; });
  }

  // Of several attempts the last one counts.
  void learn(const timeline_entry& e, const timeline& run) {
    known_task* k = find(e.task_id);
    if (!k) return;
    k->agent = e.agent;
    k->state = e.state;
    k->note = e.note;
    k->took = e.started_at ? std::optional(e.ended_at.value_or(run.end) - *e.started_at) : std::nullopt;
  }

  known_task* find(std::string_view id) {
    const auto it = numbers_.find(id);
    return it == numbers_.end() ? nullptr : &known_[it->second];
  }

  void find_critical_path() {
    const bool measured = std::any_of(known_.begin(), known_.end(), [](const auto& k) { return k.took.has_value(); });
    const auto path = graph_.critical_path([&](std::string_view id) -> optional_duration {
      const known_task& k = known_[numbers_.at(id)];
      if (!measured) return std::chrono::seconds(1);
      return k.took.value_or(duration::zero());
    });
    if (path.ids.size() < 2) return;
    for (const auto& id : path.ids) {
      if (!critical_.empty()) critical_edges_.insert({critical_.back(), numbers_.at(id)});
      critical_.push_back(numbers_.at(id));
    }
    if (measured) critical_length_ = path.length;
  }

  std::string label(std::uint32_t n) const {
    return detail::cut_to_width(detail::clean_text(graph_.ids()[n]), most_columns, "…");
  }

  std::string small_label(std::uint32_t n) const {
    const known_task& k = known_[n];
    std::string text = detail::cut_to_width(detail::clean_text(k.agent), most_columns - 8, "…");
    if (k.took) text += concat(text.empty() ? "" : " · ", to_text(*k.took));
    return text;
  }

  double height_of_nodes() const { return tall_ ? tall_node_height : node_height; }

  double node_width(std::uint32_t n) const {
    const double text = std::max(detail::text_width(label(n), detail::svg_canvas::font),
                                 detail::text_width(small_label(n), small_font));
    return std::max(48.0, std::ceil(text) + 2 * padding);
  }

  double width_of(std::uint32_t n) const { return alone_width_ > 0 && is_alone(n) ? alone_width_ : node_width(n); }
  bool is_alone(std::uint32_t n) const { return std::binary_search(alone_.begin(), alone_.end(), n); }

  void lay_out() {
    const auto count = static_cast<std::uint32_t>(graph_.size());
    std::vector<char> connected(count);
    for (const auto& e : edges_) connected[numbers_.at(e.from)] = connected[numbers_.at(e.to)] = 1;
    detail::graph_layout_input in;
    in.node_height = height_of_nodes();
    in.gap_between_nodes = node_gap;
    std::vector<std::uint32_t> level(count), place(count);
    const auto levels = graph_.levels();
    for (std::uint32_t l = 0; l < levels.size(); ++l)
      for (const auto& id : levels[l]) level[numbers_.at(id)] = l;
    for (std::uint32_t n = 0; n < count; ++n) {
      if (!connected[n]) {
        alone_.push_back(n);
        continue;
      }
      place[n] = static_cast<std::uint32_t>(placed_.size());
      placed_.push_back(n);
      in.levels.push_back(level[n]);
      in.widths.push_back(node_width(n));
    }
    for (const auto& e : edges_) in.edges.push_back({place[numbers_.at(e.from)], place[numbers_.at(e.to)]});
    layout_ = detail::lay_out(in);
    at_.resize(count);
    for (std::uint32_t i = 0; i < placed_.size(); ++i)
      at_[placed_[i]] = {layout_.nodes[i].x + margin, layout_.nodes[i].y + header};
    width_ = std::max(least_width, layout_.width + 2 * margin);
    height_ = header + layout_.height + margin;
    if (!alone_.empty()) lay_out_alone();
  }

  void lay_out_alone() {
    const double right =
        std::max(width_, std::min(most_grid_width, 2 * margin + 180 * std::sqrt(static_cast<double>(alone_.size())))) -
        margin;
    alone_top_ = placed_.empty() ? header : height_ + 20;
    for (const std::uint32_t n : alone_) alone_width_ = std::max(alone_width_, node_width(n));
    double x = margin, y = alone_top_;
    for (const std::uint32_t n : alone_) {
      if (x > margin && x + alone_width_ > right) {
        x = margin;
        y += height_of_nodes() + node_gap;
      }
      at_[n] = {x, y};
      x += alone_width_ + node_gap;
      width_ = std::max(width_, x - node_gap + margin);
    }
    height_ = y + height_of_nodes() + margin;
  }

  std::string description() const {
    const auto s = graph_.order_statistics();
    std::string text = concat(s.tasks, s.tasks == 1 ? " task, " : " tasks, ", s.edges,
                              s.edges == 1 ? " dependency, " : " dependencies, ", s.depth,
                              s.depth == 1 ? " level, " : " levels, at most ");
    if (s.depth != 1) text += concat(s.max_width, " side by side");
    if (s.depth == 1) text += "all independent";
    return text;
  }

  void heading() {
    canvas_.text(margin, 38, "t h", detail::cut_to_width(detail::clean_text(title_), 90, "…"));
    canvas_.text(margin, 60, "m", description());
    legend();
  }

  void legend() {
    std::array<std::size_t, task_state_count> counts{};
    for (const auto& k : known_) {
      if (k.state) ++counts[static_cast<std::size_t>(*k.state)];
    }
    double at = margin;
    const auto name = [&](std::string_view text) {
      canvas_.text(at, 83, "m", text);
      at += detail::text_width(text, detail::svg_canvas::font) + 16;
    };
    for (const task_state s : detail::drawn_states) {
      const std::size_t n = counts[static_cast<std::size_t>(s)];
      if (n == 0) continue;
      canvas_.box(at, 74, 14, 10, 2, look_of(s).css_class);
      at += 19;
      name(concat(look_of(s).name, ' ', n));
    }
    const auto line = [&](std::string_view css, std::string_view text) {
      canvas_.path(concat('M', short_number(at), " 79h22"), css);
      at += 28;
      name(text);
    };
    if (!critical_.empty()) {
      line("e k",
           critical_length_ ? concat("critical path, ", to_text(*critical_length_)) : std::string("longest path"));
    }
    if (std::any_of(edges_.begin(), edges_.end(), [](const auto& e) { return e.analyzed; })) {
      line("e d", "found by the analysis");
    }
    width_ = std::max(width_, at);
  }

  void arrow(std::string_view id, std::string_view css) {
    canvas_.raw(
        concat("<marker id=\"", id,
               "\" viewBox=\"0 0 8 8\" refX=\"2\" refY=\"4\" markerWidth=\"8\" "
               "markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" class=\"",
               css, "\"/></marker>\n"));
  }

  bool is_critical(const dependency_edge& e) const {
    return critical_edges_.contains({numbers_.at(e.from), numbers_.at(e.to)});
  }

  void draw_edges(bool critical) {
    for (std::size_t i = 0; i < edges_.size(); ++i) {
      const dependency_edge& e = edges_[i];
      if (is_critical(e) != critical) continue;
      std::string title = concat(e.to, " needs ", e.from);
      if (e.analyzed) {
        title += concat("\n", to_string(e.kind), ", confidence ", fixed(e.confidence, 2));
        if (!e.evidence.empty()) title += concat("\n", one_line(e.evidence, most_title));
      }
      canvas_.path(curve(layout_.edges[i].points), concat(critical ? "e k" : "e", e.analyzed ? " d" : ""), title,
                   critical ? " marker-end=\"url(#ak)\"" : " marker-end=\"url(#a)\"");
    }
  }

  static std::string curve(const std::vector<detail::graph_layout::point>& points) {
    const auto at = [](double x, double y) {
      return concat(short_number(x + margin, 1), ' ', short_number(y + header, 1));
    };
    std::string d = concat('M', at(points[0].x, points[0].y));
    for (std::size_t i = 1; i < points.size(); i += 2) {
      const bool last = i + 1 == points.size();
      const auto& from = points[i - 1];
      const double x = points[i].x - (last ? 6 : 0), half = (x - from.x) / 2;
      d += concat('C', at(from.x + half, from.y), ' ', at(x - half, points[i].y), ' ', at(x, points[i].y));
      if (!last) d += concat('H', short_number(points[i + 1].x + margin, 1));
    }
    return d;
  }

  std::string title_of(std::uint32_t n) const {
    const known_task& k = known_[n];
    std::string text = graph_.ids()[n];
    if (!k.agent.empty()) text += concat(" (", k.agent, ')');
    if (!k.description.empty()) text += concat('\n', one_line(k.description, most_title));
    if (k.state) text += concat('\n', look_of(*k.state).name);
    if (k.took) text += concat(k.state ? ", " : "\n", to_text(*k.took));
    if (!k.note.empty()) text += concat('\n', one_line(k.note, most_title));
    return text;
  }

  void draw_node(std::uint32_t n) {
    const auto [x, y] = at_[n];
    const known_task& k = known_[n];
    const double height = height_of_nodes();
    const bool critical = std::find(critical_.begin(), critical_.end(), n) != critical_.end();
    const auto state = k.state ? look_of(*k.state).css_class : std::string_view("u");
    canvas_.box(x, y, width_of(n), height, 6, concat(state, critical ? " z k2" : " z"), title_of(n));
    const std::string small = small_label(n);
    const bool tinted = k.state && *k.state != task_state::skipped;  // grey goes with the page
    const std::string ink = tinted ? concat(" fill=\"", look_of(*k.state).ink, "\"") : std::string();
    const std::string_view css = tinted ? "p" : "p t", small_css = tinted ? "p s2" : k.state ? "p s2 t" : "p s2 m";
    const double middle = y + height / 2;
    canvas_.text(x + padding, small.empty() ? middle + 4.2 : middle - 2.5, css, label(n), ink);
    if (!small.empty()) canvas_.text(x + padding, middle + 11.5, small_css, small, ink);
  }

  static std::string rules(bool dark) {
    std::string s = detail::state_rules(dark);
    if (!dark) {
      s += ".p{pointer-events:none}.s2{font-size:10px;opacity:.85}.e{fill:none;stroke-width:1.3}.d{stroke-dasharray:5 "
           "4}.k{stroke-width:2.6}.z{stroke-width:1}.k2{stroke-width:3}";
    }
    const std::string_view edge = dark ? "#6b747e" : "#9aa3ad", critical = dark ? "#f0e442" : "#1c2127";
    const std::string_view neutral = dark ? "#262c33" : "#eef1f5", outline = dark ? "#14171a" : "#fff";
    s += concat(".e{stroke:", edge, "}.k{stroke:", critical, "}.am{fill:", edge, "}.akm{fill:", critical,
                "}.u{fill:", neutral, "}.z{stroke:", outline, "}.u.z{stroke:", edge, "}.z.k2{stroke:", critical, '}');
    return s;
  }

  const dependency_graph& graph_;
  std::vector<dependency_edge> edges_;
  std::string title_;
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
  std::vector<known_task> known_;
  std::vector<std::uint32_t> critical_, placed_, alone_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> critical_edges_;
  std::optional<duration> critical_length_;
  detail::graph_layout layout_;
  std::vector<detail::graph_layout::point> at_;
  detail::svg_canvas canvas_;
  double width_ = 0, height_ = 0, alone_top_ = 0, alone_width_ = 0;
  bool tall_ = false;
};

}  // namespace

result<std::string> graph_svg(const dependency_graph& graph, const graph_details& details) {
  if (graph.size() > graph_svg_max_tasks) {
    return fail(errc::too_large, concat("a picture of ", graph.size(), " tasks (at most ", graph_svg_max_tasks,
                                        " can be read): use Mermaid or DOT instead"));
  }
  return graph_picture(graph, details).draw();
}

}  // namespace corchestra
