#include "testing/simulated_text.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>

#include "testing/words.hpp"

namespace corchestra::testing {

namespace {

constexpr std::size_t max_subjects = 14;
constexpr std::size_t sentences_per_paragraph = 4;

// `*` stands for a word of the prompt.
constexpr auto openings = std::to_array<std::string_view>({
    "This simulated answer deals with * and *.",
    "Here is a simulated account of * and *.",
    "What follows about * and * is simulated.",
});
constexpr auto patterns = std::to_array<std::string_view>({
    "The material on * points in one direction: more attention to * than a year ago.",
    "Most sources agree about *, and only a few of them doubt the role of *.",
    "A change in * shows in * after some delay.",
    "The picture of * is less clear, because several methods were used for *.",
    "Three points stand out: the growth of *, the cost of *, and the time that both take.",
    "Earlier work said little about *, and still less about *.",
    "A careful reader will ask how * and * depend on each other.",
    "The evidence for * is good; for * it is thin.",
    "In practice the decisions about * are made by people who also look after *.",
    "It would be wrong to explain * by * alone.",
    "Small changes in * had a visible effect on *.",
    "For the next step, * should be checked against *.",
    "Several observers expect the interest in * to last as long as the questions about * do.",
    "None of this is a surprise to those who work on * every day.",
    "Numbers about * should be read together with those about *.",
    "The main risk lies in *, and the main chance lies in *.",
});
constexpr auto phrases = std::to_array<std::string_view>(
    {"simulated notes on * and *", "simulated view of *", "* in short, simulated", "simulated finding about * and *"});

/// Words of the simulator's own sentences, which must not become the subject of the next answer, and of common
/// instructions.
constexpr auto own_words = std::to_array<std::string_view>(
    {"account",   "answer",    "articles", "carefully", "collect",  "compare",   "context", "description",
     "draft",     "edit",      "evidence", "finding",   "gather",   "input",     "join",    "json",
     "material",  "notes",     "numbers",  "observers", "outline",  "picture",   "points",  "practice",
     "produce",   "reader",    "report",   "section",   "sections", "simulated", "sources", "subject",
     "summarise", "summarize", "task",     "text",      "topic",    "words",     "work",    "write"});

bool is_subject_word(const std::string& w) {
  const bool letters = std::all_of(w.begin(), w.end(), [](char c) { return c < '0' || c > '9'; });
  return w.size() >= 4 && w.size() <= 24 && letters && !is_stop_word(w) && std::ranges::count(own_words, w) == 0;
}

/// One word, or two that stand together.
std::vector<std::string> subjects_of(std::string_view prompt) {
  std::map<std::string, std::pair<std::size_t, std::size_t>> seen;  // word -> times, first place
  const auto words = split_words(prompt);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!is_subject_word(words[i].text)) continue;
    std::string subject = words[i].text;
    const std::size_t place = i;
    if (i + 1 < words.size() && !words[i + 1].breaks_phrase && is_subject_word(words[i + 1].text))
      subject += " " + words[++i].text;
    ++seen.try_emplace(std::move(subject), 0, place).first->second.first;
  }
  std::vector<std::string> out;
  for (const auto& [w, at] : seen) out.push_back(w);
  std::ranges::sort(out, [&](const auto& a, const auto& b) {
    const auto &x = seen.at(a), &y = seen.at(b);
    return x.first != y.first ? x.first > y.first : x.second < y.second;
  });
  if (out.size() > max_subjects) out.resize(max_subjects);
  for (const char* spare : {"the question", "the result", "the method"})
    if (out.size() < 3) out.emplace_back(spare);
  return out;
}

}  // namespace

simulated_text::simulated_text(std::string_view prompt, seeded_random& random)
    : subjects_(subjects_of(prompt)), random_(random) {}

const std::string& simulated_text::subject() { return subjects_[next_++ % subjects_.size()]; }

std::string simulated_text::sentence(std::string_view pattern) {
  std::string out;
  for (const char c : pattern) {
    if (c == '*')
      out += subject();
    else
      out += c;
  }
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 'a' + 'A');
  return out;
}

std::string simulated_text::phrase() { return sentence(phrases[random_.below(phrases.size())]); }

std::string simulated_text::paragraphs(std::size_t words) {
  std::vector<std::size_t> order(patterns.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random_.below(i)]);

  std::string out = sentence(openings[random_.below(openings.size())]);
  std::size_t used = count_words(out);
  for (std::size_t n = 1;; ++n) {
    const std::string next = sentence(patterns[order[n % order.size()]]);
    used += count_words(next);
    if (used > words) return out;
    out += n % sentences_per_paragraph == 0 ? "\n\n" : " ";
    out += next;
  }
}

}  // namespace corchestra::testing
