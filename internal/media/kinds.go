package media

import (
	"bytes"
	"fmt"

	"tintype/internal/lang"
)

// kind is a sort of file that people send in place of a photograph.
type kind struct {
	magic    string // what it begins with, or has at the byte `at`
	at       int
	sentence string
}

var (
	isVideo    = lang.Key("This file is a video. This site shows photographs. Choose a picture of it instead.")
	isSound    = lang.Key("This file is a sound recording. This site shows photographs. Choose a picture instead.")
	isArchive  = lang.Key("This file is an archive. Unpack it, then choose the photographs in it.")
	isRaw      = lang.Key("This file is a camera's raw picture, which this site cannot read. Export it as JPEG and try again.")
	isDocument = lang.Key("This file is a document. Export its page as JPEG and try again.")
	isOther    = lang.Key("This file is not a photograph that this site can read. Export it as JPEG and try again.")
)

var isUnreadable = lang.Key("This site cannot read %s. Export it as JPEG and try again.")

func cannotRead(name string) string { return fmt.Sprintf(isUnreadable, name) }

// kinds are looked at in this order.
var kinds = []kind{
	{"ftypcrx ", 4, isRaw}, // Canon's CR3
	{"ftypM4A ", 4, isSound},
	{"ftyp", 4, isVideo}, // HEIC and AVIF have been told before
	{"moov", 4, isVideo},
	{"mdat", 4, isVideo},
	{"AVI ", 8, isVideo},
	{"WAVE", 8, isSound},
	{"\x1aE\xdf\xa3", 0, isVideo}, // Matroska, WebM
	{"FLV\x01", 0, isVideo},
	{"\x30\x26\xb2\x75\x8e\x66\xcf\x11", 0, isVideo}, // Windows Media
	{"\x00\x00\x01\xba", 0, isVideo},                 // MPEG
	{"OggS", 0, isSound},
	{"ID3", 0, isSound},
	{"fLaC", 0, isSound},
	{"CR\x02", 8, isRaw}, // Canon's CR2, a TIFF
	{"FUJIFILMCCD-RAW", 0, isRaw},
	{"FOVb", 0, isRaw},
	{"\x00MRM", 0, isRaw},
	{"IIRO", 0, isRaw}, // Olympus
	{"IIU\x00", 0, isRaw},
	{"II*\x00", 0, cannotRead(lang.Key("TIFF, or raw pictures of cameras in that format"))},
	{"MM\x00*", 0, cannotRead(lang.Key("TIFF, or raw pictures of cameras in that format"))},
	{"BM", 0, cannotRead("BMP")},
	{"8BPS", 0, cannotRead(lang.Key("Photoshop files"))},
	{"\xff\x0a", 0, cannotRead("JPEG XL")},
	{"\x00\x00\x00\x0cJXL ", 0, cannotRead("JPEG XL")},
	{"\x00\x00\x00\x0cjP  ", 0, cannotRead("JPEG 2000")},
	{"\xff\x4f\xff\x51", 0, cannotRead("JPEG 2000")},
	{"<svg", 0, cannotRead("SVG")},
	{"%PDF", 0, isDocument},
	{"%!PS", 0, isDocument},
	{"PK\x03\x04", 0, isArchive},
	{"Rar!", 0, isArchive},
	{"7z\xbc\xaf", 0, isArchive},
	{"\x1f\x8b", 0, isArchive},
}

// sentenceFor tells what a file is that begins like this, and what its owner can do.
func sentenceFor(head []byte) string {
	for _, k := range kinds {
		if len(head) >= k.at && bytes.HasPrefix(head[k.at:], []byte(k.magic)) {
			return k.sentence
		}
	}
	if bytes.HasPrefix(bytes.TrimSpace(head), []byte("<?xml")) && bytes.Contains(head, []byte("<svg")) {
		return cannotRead("SVG")
	}
	return isOther
}
