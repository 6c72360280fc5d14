// Verifies an audit log with other people's code: golang.org/x/mod/sumdb/note and tlog.
//
//	outside [-entries FILE] [-witness VKEY[,VKEY...]] VKEY[,VKEY...] BASE...
//
// Several keys are those of a log whose key was replaced, the oldest first. What hands over from one to the next is
// checked too: BASE is a URL that ends in /audit, and keys/log-ID.checkpoint lies beside it, which the former has signed, with the entry that names the next in it.
// Each BASE is a folder or URL with "checkpoint" and "tile/..." as C2SP tlog-tiles has them, and "proof/N.tlog-proof"
// where there are some; a later one is the same log, grown. Checked are the signature, that every hash that is read
// belongs under the signed root, that every entry is in the tree, every proof file, and that the tree has grown from
// every BASE before. Entries come from "tile/entries/...", or are the lines of FILE. With -witness the last BASE must have
// "cosigned", a checkpoint that all of these have cosigned, of a tree that the newest one continues.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

func fetch(base, path string) ([]byte, error) {
	if !strings.HasPrefix(base, "http://") {
		return os.ReadFile(filepath.Join(base, path))
	}
	answer, err := http.Get(base + "/" + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, answer.Status)
	}
	return body, err
}

func number(n int64) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		s = fmt.Sprintf("x%03d/%s", n%1000, s)
	}
	return s
}

func path(level string, n int64, width int) string {
	p := "tile/" + level + "/" + number(n)
	if width < 1<<height {
		p += ".p/" + strconv.Itoa(width)
	}
	return p
}

type tiles struct {
	base string
	kept map[string][]byte
}

func (t *tiles) Height() int                         { return height }
func (t *tiles) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (t *tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		p := path(strconv.Itoa(tile.L), tile.N, tile.W)
		if t.kept[p] == nil {
			data, err := fetch(t.base, p)
			if err != nil {
				return nil, err
			}
			t.kept[p] = data
		}
		all = append(all, t.kept[p])
	}
	return all, nil
}

func checkpoint(signed []byte, keys []note.Verifier) (tlog.Tree, error) {
	var tree tlog.Tree
	opened, err := note.Open(signed, note.VerifierList(keys...))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != keys[0].Name() {
		return tree, errors.New("checkpoint of another log")
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

// Spec: C2SP tlog-cosignature, the type on Ed25519. x/mod's note knows plain signatures alone.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), msg)
	return ed25519.Verify(c.key, []byte(signed), sig[8:])
}

func newCosigner(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("witness: expected NAME+ID+BASE64")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != 4 {
		return nil, errors.New("witness: not a key of cosignature/v1")
	}
	sum := sha256.Sum256([]byte(parts[0] + "\n" + string(key)))
	c := cosigner{parts[0], binary.BigEndian.Uint32(sum[:4]), key[1:]}
	if fmt.Sprintf("%08x", c.hash) != parts[1] {
		return nil, errors.New("witness: the id is of another key")
	}
	return c, nil
}

// What all of them have cosigned, by a note as x/mod opens it, is a beginning of the tree.
func cosigned(base, vkeys string, keys []note.Verifier, tree tlog.Tree) (int64, int, error) {
	verifiers := append([]note.Verifier{}, keys...)
	wanted := map[uint32]bool{}
	for _, vkey := range strings.Split(vkeys, ",") {
		c, err := newCosigner(vkey)
		if err != nil {
			return 0, 0, err
		}
		verifiers = append(verifiers, c)
		wanted[c.KeyHash()] = true
	}
	signed, err := fetch(base, "cosigned")
	if err != nil {
		return 0, 0, err
	}
	old, err := checkpoint(signed, keys)
	if err != nil {
		return 0, 0, err
	}
	opened, err := note.Open(signed, note.VerifierList(verifiers...))
	if err != nil {
		return 0, 0, err
	}
	count := 0
	for _, s := range opened.Sigs {
		if wanted[s.Hash] {
			count++
		}
	}
	if count != len(wanted) {
		return 0, 0, fmt.Errorf("cosigned by %d of %d witnesses", count, len(wanted))
	}
	if old.N == tree.N && old.Hash != tree.Hash {
		return 0, 0, errors.New("cosigned is another tree of this size")
	}
	proof, err := tlog.ProveTree(tree.N, old.N, tlog.TileHashReader(tree, &tiles{base, map[string][]byte{}}))
	if err == nil {
		err = tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
	}
	return old.N, count, err
}

func bundle(base string, n, size int64) ([][]byte, error) {
	width := size - n<<height
	if width > 1<<height {
		width = 1 << height
	}
	data, err := fetch(base, path("entries", n, int(width)))
	var all [][]byte
	for err == nil && len(data) > 0 {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, errors.New("torn entry bundle")
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		all = append(all, data[2:end])
		data = data[end:]
	}
	if err == nil && int64(len(all)) != width {
		err = fmt.Errorf("entry bundle %d has %d entries, not %d", n, len(all), width)
	}
	return all, err
}

func readEntries(base, file string, size int64) ([][]byte, error) {
	if file != "" {
		data, err := os.ReadFile(file)
		all := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
		if err == nil && int64(len(all)) < size {
			err = fmt.Errorf("%s: %d entries, the tree has %d", file, len(all), size)
		}
		if err != nil {
			return nil, err
		}
		return all[:size], nil
	}
	var all [][]byte
	for n := int64(0); n<<height < size; n++ {
		some, err := bundle(base, n, size)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// A proof file stands on its own: its hashes, its checkpoint.
func proofFile(data []byte, entry []byte, index int64, keys []note.Verifier) error {
	parts := strings.SplitN(string(data), "\n\n", 2)
	lines := strings.Split(parts[0], "\n")
	if len(parts) != 2 || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || lines[1] != fmt.Sprintf("index %d", index) {
		return errors.New("proof file: not as tlog-proof has it")
	}
	tree, err := checkpoint([]byte(parts[1]), keys)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[2:] {
		h, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(h) != tlog.HashSize {
			return errors.New("proof file: not a hash")
		}
		proof = append(proof, tlog.Hash(*(*[tlog.HashSize]byte)(h)))
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

// The former key has signed a tree in which an entry names the next one, and the tree has only grown since.
func handover(base string, former, next note.Verifier, vkey string, entries [][]byte, tree tlog.Tree,
	hashes tlog.HashReader) error {
	index := int64(-1)
	for i, entry := range entries {
		var e struct{ Kind, Vkey, Former string }
		if json.Unmarshal(entry, &e) == nil && e.Kind == "key" && e.Vkey == vkey && e.Former != "" {
			signed, err := fetch(strings.TrimSuffix(base, "/audit"), "keys/log-"+e.Former[:16]+".checkpoint")
			if err != nil {
				return err
			}
			old, err := checkpoint(signed, []note.Verifier{former})
			if err != nil {
				return err
			}
			index = int64(i)
			if old.N <= index {
				return fmt.Errorf("handed over at %d entries, before entry %d", old.N, index)
			}
			proof, err := tlog.ProveTree(tree.N, old.N, hashes)
			if err == nil {
				err = tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
			}
			if err != nil {
				return fmt.Errorf("from the handing over at %d to %d: %w", old.N, tree.N, err)
			}
		}
	}
	if index < 0 {
		return fmt.Errorf("no entry names %08x, which follows %08x", next.KeyHash(), former.KeyHash())
	}
	return nil
}

type counts struct{ entries, files, growths, handovers int }

func verify(base, file string, keys []note.Verifier, vkeys []string, before []tlog.Tree, n *counts) (tlog.Tree, error) {
	signed, err := fetch(base, "checkpoint")
	if err != nil {
		return tlog.Tree{}, err
	}
	tree, err := checkpoint(signed, keys)
	if err != nil {
		return tree, err
	}
	hashes := tlog.TileHashReader(tree, &tiles{base, map[string][]byte{}})
	entries, err := readEntries(base, file, tree.N)
	if err != nil {
		return tree, err
	}
	for i, entry := range entries {
		index := int64(i)
		proof, err := tlog.ProveRecord(tree.N, index, hashes)
		if err == nil {
			err = tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry))
		}
		if err != nil {
			return tree, fmt.Errorf("entry %d: %w", i, err)
		}
		n.entries++
		data, err := fetch(base, fmt.Sprintf("proof/%d.tlog-proof", i))
		if err != nil {
			continue
		}
		if err = proofFile(data, entry, index, keys); err != nil {
			return tree, fmt.Errorf("proof of entry %d: %w", i, err)
		}
		n.files++
	}
	for i := 1; i < len(keys) && strings.HasPrefix(base, "http://"); i++ {
		if err := handover(base, keys[i-1], keys[i], vkeys[i], entries, tree, hashes); err != nil {
			return tree, err
		}
		n.handovers++
	}
	for _, old := range before {
		proof, err := tlog.ProveTree(tree.N, old.N, hashes)
		if err == nil {
			err = tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
		}
		if err != nil {
			return tree, fmt.Errorf("from %d to %d: %w", old.N, tree.N, err)
		}
		n.growths++
	}
	return tree, nil
}

func main() {
	file := flag.String("entries", "", "their lines are the entries")
	witnesses := flag.String("witness", "", "who must have cosigned")
	flag.Parse()
	if flag.NArg() < 2 {
		fmt.Fprintln(os.Stderr, "usage: outside [-entries FILE] [-witness VKEY[,VKEY...]] VKEY[,VKEY...] BASE...")
		os.Exit(2)
	}
	var err error
	var keys []note.Verifier
	vkeys := strings.Split(flag.Arg(0), ",")
	for _, vkey := range vkeys {
		if err == nil {
			var key note.Verifier
			key, err = note.NewVerifier(vkey)
			keys = append(keys, key)
		}
	}
	var trees []tlog.Tree
	var n counts
	for _, base := range flag.Args()[1:] {
		if err == nil {
			var tree tlog.Tree
			tree, err = verify(base, *file, keys, vkeys, trees, &n)
			trees = append(trees, tree)
		}
	}
	var by int
	var size int64
	if err == nil && *witnesses != "" {
		size, by, err = cosigned(flag.Arg(flag.NArg()-1), *witnesses, keys, trees[len(trees)-1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "outside:", err)
		os.Exit(1)
	}
	if by > 0 {
		fmt.Printf("%d witnesses have cosigned %d entries\n", by, size)
	}
	fmt.Printf("%d trees, the last of %d entries; %d entries, %d proof files, %d growths, %d new keys verified\n", len(trees),
		trees[len(trees)-1].N, n.entries, n.files, n.growths, n.handovers)
}
