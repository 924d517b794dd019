#pragma once

#include <initializer_list>
#include <memory>
#include <utility>

namespace qlake::delta {

// A map that its copies share until one of them is changed: all files of a partition have the same values. Copies may
// be used from several threads, one of them not.
template <typename Map>
class SharedMap {
 public:
  using value_type = typename Map::value_type;
  using const_iterator = typename Map::const_iterator;

  SharedMap() = default;
  SharedMap(Map map) : map_(map.empty() ? nullptr : std::make_shared<Map>(std::move(map))) {}  // NOLINT: as a map is
  SharedMap(std::initializer_list<value_type> values) : SharedMap(Map(values)) {}

  operator const Map&() const { return get(); }  // NOLINT
  const Map& get() const { return map_ ? *map_ : Empty(); }

  const_iterator begin() const { return get().begin(); }
  const_iterator end() const { return get().end(); }
  bool empty() const { return get().empty(); }
  size_t size() const { return get().size(); }
  template <typename Key>
  bool contains(const Key& key) const {
    return get().contains(key);
  }
  template <typename Key>
  const_iterator find(const Key& key) const {
    return get().find(key);
  }
  const typename Map::mapped_type& at(const typename Map::key_type& key) const { return get().at(key); }

  typename Map::mapped_type& operator[](const typename Map::key_type& key) {
    if (!map_ || map_.use_count() > 1) map_ = std::make_shared<Map>(get());
    return (*map_)[key];
  }

  friend bool operator==(const SharedMap& left, const SharedMap& right) {
    return left.map_ == right.map_ || left.get() == right.get();
  }
  friend bool operator<(const SharedMap& left, const SharedMap& right) {
    return left.map_ != right.map_ && left.get() < right.get();
  }

 private:
  static const Map& Empty() {
    static const Map empty;
    return empty;
  }

  std::shared_ptr<Map> map_;  // Nothing when it is empty.
};

}  // namespace qlake::delta
