package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

var givenNames = strings.Fields(`Ada Agnes Alba Amara Anders Anouk Arun Asta Beatriz Bilal Boris Camille Carlos Chiara Dagny Daria David Devi
 Diego Ebba Edith Eero Elif Emil Esra Ewa Fatou Felix Fiona Frida Gaspard Greta Hana Hassan Helga Hugo Ida Idris Ilse Imani Ines Ingrid Isak
 Ivana Jae Jana Jonas Josefa Jun Kaito Karim Katya Kofi Lars Leila Lena Leo Linh Lotte Luca Lucia Magnus Mai Malik Mara Marek Mariam Marta Mateo
 Mei Mila Milan Mirjam Nadia Naoko Nils Nina Noor Olga Oskar Otis Paola Petra Pia Quentin Rafael Rana Renate Rosa Ruben Sadia Salma Sanna Selma
 Sigrid Simone Sofia Stellan Suki Tariq Tereza Theo Tilda Tomas Uma Valentin Vera Viggo Wanda Willem Yara Yusuf Zofia`)

var familyNames = strings.Fields(`Aalto Abebe Achterberg Adeyemi Almeida Andersen Aoki Arslan Bakker Banerjee Baptiste Barros Becker Bergman
 Bianchi Boateng Borg Brandt Castillo Cohen Conti Costa Dahl Danso Delacroix Demir Dubois Duarte Eklund Engel Farah Ferrari Fischer Fontaine
 Garcia Goldberg Gruber Haddad Hansen Hartmann Hayashi Herrera Holm Horvat Huang Ibrahim Ito Ivanova Jansen Jensen Johansson Kaplan Karlsson
 Keller Khan Kim Klein Koenig Kowalska Krause Kumar Laine Larsen Laurent Lehmann Leroy Lindqvist Lopez Lund Maier Mancini Marchetti Mbeki Meyer
 Mori Moreau Morales Nakamura Navarro Nguyen Nielsen Novak Nowak Okafor Olsen Ortega Osei Park Pereira Petrov Popescu Quist Rahman Ramos Reyes
 Ricci Rossi Roux Sato Schmid Schneider Silva Singh Soler Strand Suzuki Tanaka Tran Vargas Vidal Virtanen Vogel Wagner Weber Winter Wolf Yilmaz
 Zamora Zimmermann`)

// person is a made-up person.
type person struct{ username, name, note string }

// people makes up persons whose folded usernames are not taken, and marks these as taken.
func people(rnd *rand.Rand, taken map[string]bool, n int, fold func(string) string) []person {
	out := make([]person, n)
	for i := range out {
		given, family := pick(rnd, givenNames), pick(rnd, familyNames)
		forms := []string{given + family, given + "_" + family, given + family[:1], family + given, given}
		username := strings.ToLower(forms[rnd.IntN(len(forms))])
		for try := 0; taken[fold(username)]; try++ {
			if try < 3 {
				username = strings.ToLower(given + "_" + family)
				username = fmt.Sprintf("%s%d", username, rnd.IntN(100))
			} else {
				username = fmt.Sprintf("%s%d", strings.ToLower(given), rnd.IntN(1_000_000_000))
			}
		}
		taken[fold(username)] = true
		out[i] = person{username: username, name: given + " " + family, note: note(rnd)}
	}
	return out
}

func note(rnd *rand.Rand) string {
	if rnd.IntN(10) == 0 {
		return ""
	}
	what := pick(rnd, []string{
		"Photographs on the way to work.", "Mostly landscapes, mostly before breakfast.", "Film and the occasional phone.", "Learning to see, slowly.",
		"One lens, one year.", "Printing in the kitchen at night.", "I carry a tripod up mountains and forget the memory card.", "Still lifes by a north window.",
		"Club secretary. Ask me about the darkroom key.", "Retired surveyor, unretired photographer.", "Street corners, bus stops, rain.",
		"Trees. Then other trees.", "Colour on Sundays, black and white otherwise.", "Here for the comments, honestly.",
	})
	tail := pick(rnd, []string{"", "", " Likes #film and patience.", " Prints on request.", " Critique welcome.", " Usually near water.", " #35mm", " All pictures are my own."})
	return what + tail
}

// generalTags go with any picture.
var generalTags = []string{"photography", "dailyphoto", "35mm", "film", "weekendwalk", "light", "colour", "project365", "oneaday", "practice", "slowphotography", "fromthearchive"}

// caption returns a text about a picture, sometimes an empty one.
func caption(rnd *rand.Rand, title string, tags []string) (text string, used []string) {
	if rnd.IntN(12) == 0 {
		return "", nil
	}
	second := pick(rnd, []string{
		"", "", "", "Waited an hour for this.", "Second try, better than the first.", "From last week's walk.", "The light lasted four minutes.",
		"I nearly stayed at home.", "Does the crop work for you?", "Same place as in spring.", "Shot from the car park, if I am honest.",
		"No filter, just weather.", "Printed it yesterday; it wants to be larger.", "For the club's theme of the month.",
	})
	text = title
	if second != "" {
		text += ". " + second
	}
	if rnd.IntN(5) < 3 {
		for _, t := range tags {
			if rnd.IntN(2) == 0 && len(used) < 3 {
				used = append(used, t)
			}
		}
		if rnd.IntN(3) == 0 {
			used = append(used, pick(rnd, generalTags))
		}
	}
	for i, t := range used {
		if i == 0 {
			text += "\n\n"
		} else {
			text += " "
		}
		text += "#" + t
	}
	return text, used
}

// warnings are the content warnings of some posts.
var warnings = []string{"Heights", "Spider, close up", "Flashing lights", "Insects", "Deep water"}

// remark is a comment.
func remark(rnd *rand.Rand) string {
	return pick(rnd, []string{
		"Beautiful light.", "The colours!", "Where was this?", "I would have cropped the left side a little. Lovely all the same.", "Calm. I like it a lot.",
		"This one stays with me.", "How long did you wait?", "Great composition.", "Yes!", "Which lens?", "I can almost hear it.", "The shadows make it.",
		"I walked past there yesterday and saw nothing of this.", "Would hang this in the hall.", "So quiet.", "Your best this month.",
		"Is it as cold as it looks?", "The second plan is what makes it work.", "Simple and exactly right.", "Thank you for this.", "More of these, please.",
	})
}

// reply answers a comment.
func reply(rnd *rand.Rand) string {
	return pick(rnd, []string{
		"Thank you!", "Thanks, that means a lot.", "Twenty minutes, and then two seconds.", "Just behind the station, of all places.", "The old 50 mm.",
		"I agree about the crop.", "Colder.", "Come along next time.", "Pure luck, to be honest.", "Will do.",
	})
}
