package api

import (
	"fmt"
	"reflect"
	"strings"

	"tintype/internal/community"
	"tintype/internal/store"
)

// A schema is a part of the description.
type schema = map[string]any

// schemas collects the entities that the description names.
type schemas map[string]any

// wordsOf are the values of a field that has few, by the entity and the field's name. The empty entity is for
// parameters.
var wordsOf = map[[2]string][]string{
	{"Status", "visibility"}:                      {string(store.Public), string(store.Unlisted), wordPrivate},
	{"AccountSource", "privacy"}:                  {string(store.Public), string(store.Unlisted), wordPrivate},
	{"MediaAttachment", "type"}:                   {"image"},
	{"Token", "token_type"}:                       {"Bearer"},
	{"Report", "category"}:                        community.ReportCategories,
	{"Preferences", "posting:default:visibility"}: {string(store.Public), string(store.Unlisted), wordPrivate},
	{"Preferences", "reading:expand:media"}:       {"default", "show_all", "hide_all"},

	{"FilterHead", "filter_action"}: {actionWarn, actionHide},
	{"", "filter_action"}:           {actionWarn, actionHide},
	{"List", "replies_policy"}:      community.RepliesPolicies,

	{"", "replies_policy"}: community.RepliesPolicies,
	{"", "policy"}:         pushPolicies,
	{"", "visibility"}:     {string(store.Public), string(store.Unlisted), wordPrivate},
	{"", "category"}:       community.ReportCategories,
	{"", "order"}:          {string(community.DirectoryActive), string(community.DirectoryNew)},
	{"", "type"}:           {"accounts", "statuses", "hashtags"},
	{"", "timeline"}:       community.Timelines,
	{"", "grant_type"}:     {"authorization_code", "client_credentials"},
}

var pushPolicies = []string{community.PushFromAll, community.PushFromFollowed, community.PushFromFollowers, community.PushFromNone}

// of describes what encoding/json writes of a type. Structs become entities of their own, without keys that they do not
// have.
func (s schemas) of(t reflect.Type) schema {
	switch t.Kind() {
	case reflect.Pointer:
		inner := s.of(t.Elem())
		if _, ok := inner["$ref"]; ok {
			return schema{"allOf": []any{inner}, "nullable": true}
		}
		inner["nullable"] = true
		return inner
	case reflect.Slice:
		element := t.Elem()
		if element.Kind() == reflect.Pointer { // a list has no null in it
			element = element.Elem()
		}
		return schema{"type": "array", "items": s.of(element)}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Interface:
		return schema{}
	case reflect.String:
		return schema{"type": "string"}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return schema{"type": "integer"}
	case reflect.Float64:
		return schema{"type": "number"}
	case reflect.Struct:
		name := t.Name()
		if t == reflect.TypeFor[nothing]() || name == "" {
			return s.object(t)
		}
		name = strings.ToUpper(name[:1]) + name[1:]
		if _, known := s[name]; !known {
			s[name] = nil // before its fields, which may be of the same type
			s[name] = s.object(t)
		}
		return schema{"$ref": "#/components/schemas/" + name}
	}
	panic(fmt.Sprintf("api: %s has no schema", t))
}

func (s schemas) object(t reflect.Type) schema {
	properties, required := schema{}, []string{}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" || name == "-" {
			continue
		}
		optional := strings.Contains(options, "omitempty")
		kind := f.Type
		if optional && kind.Kind() == reflect.Pointer { // absent, never null
			kind = kind.Elem()
		}
		p := s.of(kind)
		if words, ok := wordsOf[[2]string{t.Name(), name}]; ok {
			p["enum"] = words
		}
		if p["type"] == "string" {
			switch {
			case name == "last_status_at":
				p["format"] = "date"
			case strings.HasSuffix(name, "_at"):
				p["format"] = "date-time"
			}
		}
		properties[name] = p
		if !optional {
			required = append(required, name)
		}
	}
	o := schema{"type": "object", "additionalProperties": false}
	if len(properties) > 0 {
		o["properties"] = properties
	}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}

// longest are the most characters of texts whose characters count one each.
var longest = map[string]int{
	"description": community.MaxDescription, "spoiler_text": community.MaxWarning, "display_name": community.MaxDisplayName, "note": community.MaxNote,
}

// fieldsOf are the fields of a structured parameter.
func fieldsOf(name string) schema {
	switch name {
	case "fields_attributes":
		return schema{"type": "array", "items": fields("name", kindText, "value", kindText)}
	case "media_attributes":
		return schema{"type": "array", "items": fields("id", kindID, "description", kindText, "focus", kindFocus)}
	case "source":
		s := fields("privacy", kindText, "sensitive", kindBoolean, "language", kindLanguage)
		s["properties"].(schema)["privacy"].(schema)["enum"] = wordsOf[[2]string{"", "visibility"}]
		return s
	case "subscription":
		s := fields("endpoint", kindText, "standard", kindBoolean)
		s["properties"].(schema)["keys"] = fields("p256dh", kindText, "auth", kindText)
		return s
	case "data":
		alerts := make([]string, 0, 2*len(community.PushAlerts))
		for _, kind := range community.PushAlerts {
			alerts = append(alerts, kind, kindBoolean)
		}
		s := fields("policy", kindText)
		s["properties"].(schema)["policy"].(schema)["enum"] = pushPolicies
		s["properties"].(schema)["alerts"] = fields(alerts...)
		return s
	}
	return schema{"type": "object"}
}

func fields(namesAndKinds ...string) schema {
	properties := schema{}
	for i := 0; i < len(namesAndKinds); i += 2 {
		properties[namesAndKinds[i]] = parameterOf(namesAndKinds[i], namesAndKinds[i+1])
	}
	return schema{"type": "object", "properties": properties}
}

// parameterOf describes a parameter as a JSON body has it. An application may write it as a form does.
func parameterOf(name, kind string) schema {
	s := schema{"type": "string"}
	switch kind {
	case kindBoolean:
		s["type"] = "boolean"
	case kindNumber:
		s["type"] = "integer"
	case kindID:
		s["pattern"] = "^[0-9]+$"
	case kindList:
		items := schema{"type": "string"}
		if words, ok := wordsOf[[2]string{"", name}]; ok {
			items["enum"] = words
		}
		return schema{"type": "array", "items": items}
	case kindFields:
		return fieldsOf(name)
	case kindFile:
		s["format"] = "binary"
	case kindLanguage:
		s["pattern"] = "^[A-Za-z]{2,3}([-_].*)?$"
	case kindFocus:
		s["pattern"] = "^-?[0-9.]+,-?[0-9.]+$"
	case kindMarker:
		return fields("last_read_id", kindID)
	case kindText:
		if most, ok := longest[name]; ok {
			s["maxLength"] = most
		}
		if words, ok := wordsOf[[2]string{"", name}]; ok {
			s["enum"] = words
		}
	}
	return s
}
