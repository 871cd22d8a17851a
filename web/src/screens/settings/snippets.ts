/** What is put into a website or a program so that it tells Quaylai what happens. */

export interface Snippet {
  id: string;
  /** As the language is called everywhere. */
  name: string;
  code: (key: string, host: string) => string;
}

const bare = (host: string) => host.replace(/^https?:\/\//, '');

export const snippets: Snippet[] = [
  {
    id: 'web',
    name: 'Website',
    code: (key, host) => `<script>
  window.quaylai = window.quaylai || [];
  (function (q) {
    var key = '${key}', url = '${host}/v1/batch', store = window.localStorage, wait = [], timer;
    var who = store.getItem('ql_id') || (crypto.randomUUID ? crypto.randomUUID() : String(Math.random()).slice(2) + Date.now());
    store.setItem('ql_id', who);
    function send(item) {
      item.anonymousId = who;
      item.userId = store.getItem('ql_user') || undefined;
      item.messageId = Date.now().toString(36) + Math.random().toString(36).slice(2);
      item.timestamp = new Date().toISOString();
      item.context = { page: { url: location.href, title: document.title, referrer: document.referrer }, library: { name: 'quaylai-snippet', version: '1' } };
      wait.push(item);
      clearTimeout(timer);
      timer = setTimeout(flush, 500);
    }
    function flush() {
      if (!wait.length) return;
      var body = JSON.stringify({ writeKey: key, sentAt: new Date().toISOString(), batch: wait.splice(0, 50) });
      if (!navigator.sendBeacon || !navigator.sendBeacon(url, body)) fetch(url, { method: 'POST', body: body, keepalive: true });
    }
    q.track = function (event, properties) { send({ type: 'track', event: event, properties: properties || {} }); };
    q.identify = function (id, traits) { if (id) store.setItem('ql_user', id); send({ type: 'identify', traits: traits || {} }); };
    q.page = function (name) { send({ type: 'page', name: name || document.title, properties: { url: location.href } }); };
    addEventListener('pagehide', flush);
    q.page();
  })(window.quaylai);
</script>`,
  },
  {
    id: 'analytics',
    name: 'analytics.js',
    code: (key, host) => `import { AnalyticsBrowser } from '@segment/analytics-next';

export const analytics = AnalyticsBrowser.load(
  { writeKey: '${key}', cdnURL: '${host}' },
  { integrations: { 'Segment.io': { apiHost: '${bare(host)}/v1', protocol: '${host.startsWith('https') ? 'https' : 'http'}' } } },
);

analytics.identify('KH-1024', { email: 'khach@example.com' });
analytics.track('Product Viewed', { product_id: 'AO-01', price: 199000 });`,
  },
  {
    id: 'node',
    name: 'Node.js',
    code: (key, host) => `import { Analytics } from '@segment/analytics-node';

const analytics = new Analytics({ writeKey: '${key}', host: '${host}' });

analytics.track({
  userId: 'KH-1024',
  event: 'Order Completed',
  properties: { order_id: 'DH-889', total: 450000, products: [{ product_id: 'AO-01', quantity: 1, price: 450000 }] },
});`,
  },
  {
    id: 'python',
    name: 'Python',
    code: (key, host) => `import segment.analytics as analytics

analytics.write_key = '${key}'
analytics.host = '${host}'

analytics.track('KH-1024', 'Order Completed', {
    'order_id': 'DH-889', 'total': 450000,
    'products': [{'product_id': 'AO-01', 'quantity': 1, 'price': 450000}],
})`,
  },
  {
    id: 'php',
    name: 'PHP',
    code: (key, host) => `<?php
$message = [
    'userId' => 'KH-1024',
    'event' => 'Order Completed',
    'messageId' => 'don-hang-DH-889',
    'properties' => ['order_id' => 'DH-889', 'total' => 450000],
];
$call = curl_init('${host}/v1/track');
curl_setopt_array($call, [
    CURLOPT_POST => true,
    CURLOPT_POSTFIELDS => json_encode($message),
    CURLOPT_USERPWD => '${key}:',
    CURLOPT_HTTPHEADER => ['content-type: application/json'],
    CURLOPT_RETURNTRANSFER => true,
]);
curl_exec($call);`,
  },
  {
    id: 'curl',
    name: 'curl',
    code: (key, host) => `curl ${host}/v1/track -u ${key}: -H 'content-type: application/json' -d '{
  "userId": "KH-1024",
  "event": "Order Completed",
  "properties": { "order_id": "DH-889", "total": 450000 }
}'`,
  },
];
