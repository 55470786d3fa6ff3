/** Bytes in rows of sixteen with their characters; those of the chosen field are marked. */
import { useTranslation } from 'react-i18next';

const WIDTH = 16;

export function Bytes({
  hex,
  from,
  to,
  onChoose,
}: {
  hex: string;
  from: number;
  to: number;
  onChoose: (at: number) => void;
}) {
  const { t } = useTranslation();
  const bytes = hex.match(/../g) ?? [];
  const rows = Array.from({ length: Math.ceil(bytes.length / WIDTH) }, (_, row) => row * WIDTH);
  const chosen = (at: number) => at >= from && at < to;
  return (
    <table className="packet-bytes" aria-label={t('packets.bytes')}>
      <tbody>
        {rows.map((start) => (
          <tr key={start}>
            <th scope="row">{start.toString(16).padStart(4, '0')}</th>
            <td>
              {bytes.slice(start, start + WIDTH).map((byte, i) => (
                <button
                  // biome-ignore lint/suspicious/noArrayIndexKey: a byte is its place
                  key={i}
                  type="button"
                  tabIndex={-1}
                  data-at={start + i}
                  data-chosen={chosen(start + i) || undefined}
                  onClick={() => onChoose(start + i)}
                >
                  {byte}
                </button>
              ))}
            </td>
            <td className="packet-text">
              {bytes
                .slice(start, start + WIDTH)
                .map((byte) => {
                  const code = Number.parseInt(byte, 16);
                  return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : '·';
                })
                .join('')}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
