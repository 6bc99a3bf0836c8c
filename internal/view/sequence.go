package view

// edit is one element of the difference between two sequences: in both, only
// in the first (signDelete) or only in the second (signCreate).
type edit struct {
	sign sign
	// i and j are the indices in the first and the second sequence; -1 for none.
	i, j int
}

// maxTable bounds the work of a comparison: longer sequences than its root,
// where they differ, are all deletions and then all insertions.
const maxTable = 4 << 20

// compare finds the longest common subsequence of two sequences.
func compare(a, b []string) []edit {
	var out []edit
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		out = append(out, edit{signNone, start, start})
		start++
	}
	endA, endB := len(a), len(b)
	for endA > start && endB > start && a[endA-1] == b[endB-1] {
		endA--
		endB--
	}
	out = append(out, middle(a[start:endA], b[start:endB], start)...)
	for k := endA; k < len(a); k++ {
		out = append(out, edit{signNone, k, endB + k - endA})
	}
	return out
}

// middle compares what is left when equal ends are taken off.
func middle(a, b []string, offset int) []edit {
	n, m := len(a), len(b)
	var out []edit
	del := func(i int) { out = append(out, edit{signDelete, offset + i, -1}) }
	ins := func(j int) { out = append(out, edit{signCreate, -1, offset + j}) }
	if n*m > maxTable {
		for i := range a {
			del(i)
		}
		for j := range b {
			ins(j)
		}
		return out
	}
	length := make([]int32, (n+1)*(m+1)) // of the common subsequence of a[i:] and b[j:]
	at := func(i, j int) int { return i*(m+1) + j }
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if a[i] == b[j] {
				length[at(i, j)] = length[at(i+1, j+1)] + 1
			} else {
				length[at(i, j)] = max(length[at(i+1, j)], length[at(i, j+1)])
			}
		}
	}
	i, j := 0, 0
	for i < n && j < m {
		switch {
		case a[i] == b[j]:
			out = append(out, edit{signNone, offset + i, offset + j})
			i, j = i+1, j+1
		case length[at(i+1, j)] >= length[at(i, j+1)]:
			del(i)
			i++
		default:
			ins(j)
			j++
		}
	}
	for ; i < n; i++ {
		del(i)
	}
	for ; j < m; j++ {
		ins(j)
	}
	return out
}
