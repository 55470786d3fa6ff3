import { type Names, names } from './name-table.ts';

/** BACnetEngineeringUnits (clause 21). */
export const ENGINEERING_UNITS: Names = names(`
  0: square-meters square-feet milliamperes amperes ohms volts kilovolts megavolts volt-amperes kilovolt-amperes megavolt-amperes
  11: volt-amperes-reactive kilovolt-amperes-reactive megavolt-amperes-reactive degrees-phase power-factor joules kilojoules watt-hours
  19: kilowatt-hours btus therms ton-hours joules-per-kilogram-dry-air btus-per-pound-dry-air cycles-per-hour cycles-per-minute hertz
  28: grams-of-water-per-kilogram-dry-air percent-relative-humidity millimeters meters inches feet watts-per-square-foot watts-per-square-meter
  36: lumens luxes foot-candles kilograms pounds-mass tons kilograms-per-second kilograms-per-minute kilograms-per-hour pounds-mass-per-minute
  46: pounds-mass-per-hour watts kilowatts megawatts btus-per-hour horsepower tons-refrigeration pascals kilopascals bars
  56: pounds-force-per-square-inch centimeters-of-water inches-of-water millimeters-of-mercury centimeters-of-mercury inches-of-mercury
  62: degrees-celsius degrees-kelvin degrees-fahrenheit degree-days-celsius degree-days-fahrenheit years months weeks days hours minutes seconds
  74: meters-per-second kilometers-per-hour feet-per-second feet-per-minute miles-per-hour cubic-feet cubic-meters imperial-gallons liters us-gallons
  84: cubic-feet-per-minute cubic-meters-per-second imperial-gallons-per-minute liters-per-second liters-per-minute us-gallons-per-minute
  90: degrees-angular degrees-celsius-per-hour degrees-celsius-per-minute degrees-fahrenheit-per-hour degrees-fahrenheit-per-minute no-units
  96: parts-per-million parts-per-billion percent percent-per-second per-minute per-second psi-per-degree-fahrenheit radians revolutions-per-minute
  105: currency1 currency2 currency3 currency4 currency5 currency6 currency7 currency8 currency9 currency10 square-inches square-centimeters
  117: btus-per-pound centimeters pounds-mass-per-second delta-degrees-fahrenheit delta-degrees-kelvin kilohms megohms millivolts
  125: kilojoules-per-kilogram megajoules joules-per-degree-kelvin joules-per-kilogram-degree-kelvin kilohertz megahertz per-hour milliwatts
  133: hectopascals millibars cubic-meters-per-hour liters-per-hour kilowatt-hours-per-square-meter kilowatt-hours-per-square-foot
  139: megajoules-per-square-meter megajoules-per-square-foot watts-per-square-meter-degree-kelvin cubic-feet-per-second percent-obscuration-per-foot
  144: percent-obscuration-per-meter milliohms megawatt-hours kilo-btus mega-btus kilojoules-per-kilogram-dry-air megajoules-per-kilogram-dry-air
  151: kilojoules-per-degree-kelvin megajoules-per-degree-kelvin newton grams-per-second grams-per-minute tons-per-hour kilo-btus-per-hour
  158: hundredths-seconds milliseconds newton-meters millimeters-per-second millimeters-per-minute meters-per-minute meters-per-hour
  165: cubic-meters-per-minute meters-per-second-per-second amperes-per-meter amperes-per-square-meter ampere-square-meters farads henrys ohm-meters
  173: siemens siemens-per-meter teslas volts-per-degree-kelvin volts-per-meter webers candelas candelas-per-square-meter degrees-kelvin-per-hour
  182: degrees-kelvin-per-minute joule-seconds radians-per-second square-meters-per-newton kilograms-per-cubic-meter newton-seconds newtons-per-meter
  189: watts-per-meter-per-degree-kelvin microsiemens cubic-feet-per-hour us-gallons-per-hour kilometers micrometers grams milligrams milliliters
  198: milliliters-per-second decibels decibels-millivolt decibels-volt millisiemens watt-hours-reactive kilowatt-hours-reactive
  205: megawatt-hours-reactive millimeters-of-water per-mille grams-per-gram kilograms-per-kilogram grams-per-kilogram milligrams-per-gram
  212: milligrams-per-kilogram grams-per-milliliter grams-per-liter milligrams-per-liter micrograms-per-liter grams-per-cubic-meter
  218: milligrams-per-cubic-meter micrograms-per-cubic-meter nanograms-per-cubic-meter grams-per-cubic-centimeter becquerels kilobecquerels
  224: megabecquerels gray milligray microgray sieverts millisieverts microsieverts microsieverts-per-hour decibels-a nephelometric-turbidity-unit ph
  235: grams-per-square-meter minutes-per-degree-kelvin ohm-meter-squared-per-meter ampere-seconds volt-ampere-hours kilovolt-ampere-hours
  241: megavolt-ampere-hours volt-ampere-hours-reactive kilovolt-ampere-hours-reactive megavolt-ampere-hours-reactive volt-square-hours
  246: ampere-square-hours joule-per-hours cubic-feet-per-day cubic-meters-per-day watt-hours-per-cubic-meter joules-per-cubic-meter mole-percent
  253: pascal-seconds million-standard-cubic-feet-per-minute
  47808: standard-cubic-feet-per-day million-standard-cubic-feet-per-day thousand-cubic-feet-per-day thousand-standard-cubic-feet-per-day
  47812: pounds-mass-per-day
  47814: millirems millirems-per-hour
`);
