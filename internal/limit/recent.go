package limit

import "container/list"

// recent is a map that holds at most most keys: the one not set for longest is forgotten.
type recent[K comparable, V any] struct {
	most  int
	at    map[K]*list.Element
	order *list.List // of *held[K, V], the longest unset at the back
}

type held[K comparable, V any] struct {
	key   K
	value V
}

func newRecent[K comparable, V any](most int) *recent[K, V] {
	return &recent[K, V]{most, map[K]*list.Element{}, list.New()}
}

func (r *recent[K, V]) get(k K) (v V, ok bool) {
	e, ok := r.at[k]
	if !ok {
		return v, false
	}
	return e.Value.(*held[K, V]).value, true
}

func (r *recent[K, V]) set(k K, v V) {
	if e, ok := r.at[k]; ok {
		e.Value.(*held[K, V]).value = v
		r.order.MoveToFront(e)
		return
	}
	for len(r.at) >= r.most {
		last := r.order.Back()
		r.order.Remove(last)
		delete(r.at, last.Value.(*held[K, V]).key)
	}
	r.at[k] = r.order.PushFront(&held[K, V]{k, v})
}

func (r *recent[K, V]) forget(k K) {
	if e, ok := r.at[k]; ok {
		r.order.Remove(e)
		delete(r.at, k)
	}
}
