/**
 * What the process of the drinking-water works takes and gives: the inputs that final elements drive, the outputs that
 * instruments see, and the disturbances that come from outside. `plant.yaml` refers to these names; the values are the
 * inputs at rest (normal operation at 4 ML/day), so that the process runs by itself without a controller.
 * Contactors and statuses are 0 or 1; valves and speeds are per cent; dosing pumps take their demand in litres of solution per hour.
 */

/** Driven by actuators. A dosing pump delivers no more than its capacity, whatever the demand (`dosing.ts`). */
export const INPUTS = {
  /** Sluice gate between river and raw-water sump. */
  intakePenstockPercent: 100,
  intakePump1Contactor: 1,
  intakePump1SpeedPercent: 88.5,
  intakePump2Contactor: 0,
  intakePump2SpeedPercent: 0,
  rapidMixerContactor: 1,
  paclDosingPumpContactor: 1,
  paclDosingDemandLPerHour: 2.6,
  naoclDosingPumpContactor: 1,
  naoclDosingDemandLPerHour: 2.5,
  naohDosingPumpContactor: 1,
  naohDosingDemandLPerHour: 4.2,
  /** The safety device's contactor in series with all three dosing pumps: 0 is no dosing, whatever else is demanded. */
  dosingContactor: 1,
  filter1InletValvePercent: 100,
  /** Modulating: holds the level above the media. */
  filter1OutletValvePercent: 53,
  /** Filter-to-waste. */
  filter1WasteValvePercent: 0,
  /** Lets wash water over the trough to the drain. */
  filter1WashoutValvePercent: 0,
  filter1BackwashValvePercent: 0,
  filter1AirScourValvePercent: 0,
  filter2InletValvePercent: 100,
  filter2OutletValvePercent: 53,
  filter2WasteValvePercent: 0,
  filter2WashoutValvePercent: 0,
  filter2BackwashValvePercent: 0,
  filter2AirScourValvePercent: 0,
  /** Takes treated water from the clearwell. */
  backwashPumpContactor: 0,
  airScourBlowerContactor: 0,
  highServicePump1Contactor: 1,
  highServicePump1SpeedPercent: 90,
  highServicePump2Contactor: 1,
  highServicePump2SpeedPercent: 90,
  highServicePump3Contactor: 0,
  highServicePump3SpeedPercent: 0,
  highServiceDischargeValvePercent: 100,
  /** Pumps of fixed speed; without mains they stand. */
  boosterPump1Contactor: 1,
  boosterPump2Contactor: 0,
  /** Ventilation of the chemical room: more out than in keeps it below the pressure of the room beside. */
  extractFanContactor: 1,
  extractFanSpeedPercent: 50,
  supplyFanContactor: 1,
  supplyFanSpeedPercent: 40,
  /** Valve of the office's radiator, 0 or 1. */
  officeRadiator: 0,
} as const;

/** Seen by instruments. pH is on the activity scale; chlorine is free chlorine as Cl₂; alkalinity as CaCO₃. */
export const OUTPUTS = [
  // Intake
  'riverLevelM',
  'rawSumpLevelM',
  'intakePump1Running',
  'intakePump1SpeedPercent',
  'intakePump1FlowM3PerHour',
  'intakePump2Running',
  'intakePump2SpeedPercent',
  'intakePump2FlowM3PerHour',
  'intakeDischargePressureKPa',
  /** 1 while an intake pump turns with its suction uncovered. */
  'intakePumpDryRunning',
  'rawFlowM3PerHour',
  'rawTurbidityNtu',
  'rawPh',
  'rawAlkalinityMgL',
  'rawTemperatureC',
  'rawConductivityUsCm',
  // Coagulation and filters
  'coagulatedPh',
  'coagulatedTurbidityNtu',
  'coagulantDoseMgAlL',
  'rapidMixerRunning',
  'inletChannelOverflowM3PerHour',
  'filter1LevelM',
  'filter1HeadLossM',
  'filter1FlowM3PerHour',
  'filter1TurbidityNtu',
  'filter1WasteFlowM3PerHour',
  'filter1OverflowM3PerHour',
  'filter2LevelM',
  'filter2HeadLossM',
  'filter2FlowM3PerHour',
  'filter2TurbidityNtu',
  'filter2WasteFlowM3PerHour',
  'filter2OverflowM3PerHour',
  'backwashFlowM3PerHour',
  'backwashPumpRunning',
  'airScourFlowM3PerHour',
  /** Flow to supply of both filters together, and its turbidity: the works' compliance point. */
  'filteredFlowM3PerHour',
  'filteredTurbidityNtu',
  'residualAluminiumMgL',
  // Chlorination and contact
  'contactTankInletChlorineMgL',
  'contactTankOutletChlorineMgL',
  'contactTankOutletPh',
  'contactTankFlowM3PerHour',
  'contactTankT10Min',
  'disinfectionCtMgMinL',
  'hypochlorousAcidPercent',
  // pH correction; the controller's instruments and the safety device's have taps of their own
  'dosedWaterPh',
  'clearwellInletPh',
  'safetyTapPh',
  'safetyTapFlowM3PerHour',
  // Dosing systems
  'paclDosingFlowLPerHour',
  'paclDosingPumpRunning',
  'paclDayTankLevelPercent',
  'naoclDosingFlowLPerHour',
  'naoclDosingPumpRunning',
  'naoclDayTankLevelPercent',
  'naohDosingFlowLPerHour',
  'naohDosingPumpRunning',
  'naohDayTankLevelPercent',
  'naohDoseMgL',
  'dosingContactorClosed',
  /** Sum of the three day tanks' overflow into the bund. */
  'dayTankOverflowLPerHour',
  // Clearwell and high service
  'clearwellLevelM',
  'clearwellOverflowM3PerHour',
  'clearwellTurbidityNtu',
  'highServicePump1Running',
  'highServicePump1SpeedPercent',
  'highServicePump1FlowM3PerHour',
  'highServicePump1PowerKw',
  'highServicePump2Running',
  'highServicePump2SpeedPercent',
  'highServicePump2FlowM3PerHour',
  'highServicePump2PowerKw',
  'highServicePump3Running',
  'highServicePump3SpeedPercent',
  'highServicePump3FlowM3PerHour',
  'highServicePump3PowerKw',
  'highServicePumpDryRunning',
  'highServicePressureKPa',
  /** To the town: water that leaves the works. */
  'outletFlowM3PerHour',
  'outletPh',
  'outletChlorineMgL',
  'outletTurbidityNtu',
  'outletAlkalinityMgL',
  // Distribution
  'elevatedTankLevelM',
  'elevatedTankOverflowM3PerHour',
  'elevatedTankChlorineMgL',
  'elevatedTankPh',
  /** Into the network: what the town takes and the booster station draws. */
  'demandFlowM3PerHour',
  'networkPressureKPa',
  'townPh',
  'townChlorineMgL',
  'towerMainsPresent',
  'towerBatteryV',
  'towerDoorOpen',
  // Booster station and high zone
  /** Gauge pressure before the pumps, no less than none, and behind their check valves. */
  'boosterSuctionPressureKPa',
  'boosterDischargePressureKPa',
  'boosterFlowM3PerHour',
  'boosterPump1Running',
  'boosterPump2Running',
  /** 1 while a booster pump turns without water before it. */
  'boosterPumpDryRunning',
  'boosterMainsPresent',
  'boosterBatteryV',
  'boosterDoorOpen',
  'highZoneTankLevelM',
  /** To the ground beside the tank. */
  'highZoneTankOverflowM3PerHour',
  'highZoneTankChlorineMgL',
  'highZoneFlowM3PerHour',
  'highZonePressureKPa',
  // Chemical building and office. Chlorine in the air; pressure of the chemical room above that of the operators' room beside it
  'chemicalRoomChlorinePpm',
  'operatorsRoomChlorinePpm',
  'chemicalRoomPressurePa',
  'extractFlowM3PerHour',
  'supplyAirM3PerHour',
  'extractFanRunning',
  'supplyFanRunning',
  'emergencyFanRunning',
  'bundLevelLitres',
  'officeTemperatureC',
  /** Everything that runs over at the works and the elevated tank: channel, filters, clearwell, elevated tank. */
  'totalOverflowM3PerHour',
  /** 1 while any pump turns with its suction uncovered. */
  'anyPumpDryRunning',
] as const;

/** From outside; the range, the normal week and scenarios' physical causes set them at run time. */
export const DISTURBANCES = {
  /** Above the sump's floor. */
  riverLevelM: 3.2,
  /** Share of the intake screen's area that is blocked, 0 to 1. */
  intakeScreenBlocked: 0,
  rawTurbidityNtu: 4,
  rawAlkalinityMgL: 60,
  /** Of the raw water at its alkalinity; sets its inorganic carbon. */
  rawPh: 7.21,
  temperatureC: 12,
  rawConductivityUsCm: 180,
  /** Free chlorine that filtered water consumes at once, mg/L. */
  fastChlorineDemandMgL: 0.35,
  /** First-order bulk decay of free chlorine at 20 °C. */
  bulkChlorineDecayPerHour: 0.06,
  /** Inert tracer (fluoride, lithium) in the raw water and dosed at the contact tank's inlet; for tracer tests. */
  rawTracerMgL: 0,
  contactTracerGPerHour: 0,
  /** Scales the diurnal pattern of the main zone (mean 146.7 m³/h at 1; with the high zone's 20 m³/h the normal flow). */
  demandFactor: 1,
  /** Relative standard deviation of the slow random part of demands, raw turbidity and raw pH; 0 switches it off. */
  variability: 1,
  /** Flow through a burst main at normal pressure. */
  networkBurstM3PerHour: 0,
  /** Scales the high zone's own diurnal pattern (mean 20 m³/h at 1); hydrants opened and mains burst there. */
  highZoneDemandFactor: 1,
  highZoneFireM3PerHour: 0,
  highZoneBurstM3PerHour: 0,
  /** Share of the strainer's area before the booster pumps that is blocked, 0 to 1. */
  boosterStrainerBlocked: 0,
  /** 1: the remote stations are without mains; their doors stand open. */
  boosterMainsFailed: 0,
  towerMainsFailed: 0,
  boosterDoorOpen: 0,
  towerDoorOpen: 0,
  /** Deliveries into the day tanks. */
  paclDeliveryLPerHour: 0,
  naoclDeliveryLPerHour: 0,
  naohDeliveryLPerHour: 0,
  /** A tanker of hypochlorite at the wrong coupling, what leaks from hoses into the bund, and what somebody pumps out of it. */
  naoclIntoPaclTankLPerHour: 0,
  paclSpillLPerHour: 0,
  naoclSpillLPerHour: 0,
  bundPumpLPerHour: 0,
  outdoorTemperatureC: 8,
} as const;

/** Switches of the plant, as `plant.yaml` declares them. */
export const OPTIONS = {
  /** A NaOH pump for 100 mg/L instead of 40 at normal flow. */
  oversizedNaohPump: false,
  /** A float in the high-zone tank whose contact lies in the circuit of both booster pumps' contactors, whatever their controller orders. */
  highZoneFloat: false,
  /** A turbidity switch of its own at the filtrate main whose contact lies in the circuit of both intake pumps' contactors; it stays open until reset. */
  filtrateCutOff: false,
  /** An extract fan of its own that the chlorine detector's relay runs, whatever the ventilation's controller orders. */
  detectorFan: false,
} as const;
