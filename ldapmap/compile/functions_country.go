package compile

import (
	"fmt"
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// A country stands in Active Directory three times: as two letters (`c`), as a name (`co`) and as a number (`countryCode`).
var countryFunctions = []function{
	countryFunction(
		"countryCode(s)", "a country's two letters; it may be given by two or three, by its English name or its number (ISO 3166-1)",
		`countryCode("Germany")`, "DE", func(r language.Region) string { return r.Canonicalize().String() },
	),
	countryFunction("countryName(s)", "its English name", `countryName("DE")`, "Germany",
		func(r language.Region) string { return display.English.Regions().Name(r) }),
	countryFunction("countryNumber(s)", "its number", `countryNumber("CHE")`, "756",
		func(r language.Region) string { return fmt.Sprint(r.M49()) }),
}

func countryFunction(call, does, example, result string, do func(language.Region) string) function {
	return function{call, does, example, result, new(func(string) string), func(a []any) (any, error) {
		given := strings.TrimSpace(a[0].(string))
		if given == "" {
			return nil, nil
		}
		region, err := language.ParseRegion(given)
		if named, ok := countries()[strings.ToLower(given)]; ok {
			region, err = named, nil
		}
		if err != nil || !region.IsCountry() {
			return nil, misuse(briefly(given) + " is no country")
		}
		return do(region), nil
	}}
}

// countries are all by their English names, in small letters.
var countries = sync.OnceValue(func() map[string]language.Region {
	all := map[string]language.Region{}
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			if region, err := language.ParseRegion(string([]rune{a, b})); err == nil && region.IsCountry() {
				all[strings.ToLower(display.English.Regions().Name(region))] = region.Canonicalize()
			}
		}
	}
	return all
})
