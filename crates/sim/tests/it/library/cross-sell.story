person an name=Nguyễn_Văn_An gender=male
person binh name=Trần_Thị_Bình gender=female
person khach no-consent name=Lê_Khách
person lima name=Rosa_Lima timezone=America/Lima
person berlin name=Anna_Berlin timezone=Europe/Berlin
person huy name=Phạm_Huy
# An bought again by himself, Binh did not, Mai bought something else, Huy stops in time.
person mai name=Vũ_Mai
+0h   event an order order=a1 total=1899000 products=[{"product_id":"ao-dai-1","name":"Áo\u0020dài\u0020lụa","category":"Áo\u0020dài","price":1899000,"quantity":1}]
+0h   event binh order order=b1 total=1899000 products=[{"product_id":"ao-dai-1","name":"Áo\u0020dài\u0020lụa","category":"Áo\u0020dài","price":1899000,"quantity":1}]
+0h   event mai order order=m1 total=258000 products=[{"product_id":"non-1","name":"Nón\u0020lá","category":"Nón","price":129000,"quantity":2}]
+0h   event khach order order=k1 total=1899000 products=[{"product_id":"ao-dai-1","name":"Áo\u0020dài\u0020lụa","category":"Áo\u0020dài","price":1899000,"quantity":1}]
+0h   event huy order order=h1 total=1899000 products=[{"product_id":"ao-dai-1","name":"Áo\u0020dài\u0020lụa","category":"Áo\u0020dài","price":1899000,"quantity":1}]
+5h   event lima order order=l1 total=1899000 products=[{"product_id":"ao-dai-1","name":"Áo\u0020dài\u0020lụa","category":"Áo\u0020dài","price":1899000,"quantity":1}]
+10d  event an order order=a2 total=258000 products=[{"product_id":"non-1","name":"Nón\u0020lá","category":"Nón","price":129000,"quantity":2}]
+13d  consent huy withdraw email
+20d  event berlin order order=e1 total=1899000 products=[{"product_id":"ao-dai-1","name":"Áo\u0020dài\u0020lụa","category":"Áo\u0020dài","price":1899000,"quantity":1}]
+20d  event binh order order=b2 total=300000 products=[{"product_id":"non-1","name":"Nón\u0020lá","category":"Nón","price":129000,"quantity":2}]
until +90d
