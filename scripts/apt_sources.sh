# Sourced by scripts/setup and scripts/verify-fresh.

# The machine's apt sources, of both formats: a line for each binary source and suite, `uri|suite|components|key`. A key
# that stands in the source itself keeps its lines, joined by \001.
apt_sources() {
  local folder=${1:-/etc/apt}
  {
    find "$folder/sources.list" "$folder/sources.list.d" -maxdepth 1 -name '*.list' -exec cat {} + 2>/dev/null || true
  } | awk '
    $1 == "deb" {
      sub(/#.*/, "")
      options = ""
      if (match($0, /\[[^]]*\]/)) {
        options = substr($0, RSTART + 1, RLENGTH - 2)
        $0 = substr($0, 1, RSTART - 1) substr($0, RSTART + RLENGTH)
      }
      key = ""
      count = split(options, option, " ")
      for (i = 1; i <= count; i++) if (option[i] ~ /^signed-by=/) key = substr(option[i], 11)
      components = ""
      for (i = 4; i <= NF; i++) components = components " " $i
      print $2 "|" $3 "|" components " |" key
    }'
  find "$folder/sources.list.d" -maxdepth 1 -name '*.sources' -exec awk '
    function flush(  uri, suite, i, j, uris, suites) {
      if ((" " field["types"] " ") ~ / deb / && tolower(field["enabled"]) !~ /^ *(no|false|0|off)/) {
        uris = split(field["uris"], uri, " ")
        suites = split(field["suites"], suite, " ")
        for (i = 1; i <= uris; i++) for (j = 1; j <= suites; j++)
          print uri[i] "|" suite[j] "| " field["components"] " |" field["signed-by"]
      }
      split("", field)
      name = ""
    }
    FNR == 1 { flush() }
    /^#/ { next }
    /^[ \t]*$/ { flush(); next }
    /^[ \t]/ { field[name] = field[name] (name == "signed-by" ? "\001" : " ") $0; next }
    {
      name = tolower(substr($0, 1, index($0, ":") - 1))
      field[name] = substr($0, index($0, ":") + 1)
      sub(/^[ \t]+/, "", field[name])
      sub(/[ \t]+$/, "", field[name])
    }
    END { flush() }' {} + 2>/dev/null || true
}
