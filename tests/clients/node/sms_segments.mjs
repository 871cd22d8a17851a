// Measures texts with sms-segments-calculator, unmodified.
// Standard input: a JSON list of texts. Standard output: for each its alphabet, its units and its parts.
import { readFileSync } from 'node:fs'
import calculator from 'sms-segments-calculator'

const measured = JSON.parse(readFileSync(0, 'utf8')).map((text) => {
  const message = new calculator.SegmentedMessage(text, 'auto')
  const isGsm7 = message.encodingName === 'GSM-7'
  return { alphabet: isGsm7 ? 'gsm7' : 'ucs2', units: message.messageSize / (isGsm7 ? 7 : 16), parts: message.segmentsCount }
})
console.log(JSON.stringify(measured))
